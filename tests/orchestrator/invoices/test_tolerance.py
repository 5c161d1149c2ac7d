"""The scenarios that FOCUS 1.4 gives for its tolerance, and currencies without cents."""

from decimal import Decimal

import pytest

from orchestrator.invoices.tolerance import focus_tolerance, rounded, subunit


@pytest.mark.parametrize(
    ("rows", "difference", "passes"),
    [(5, "0.02", True), (5, "5.00", False), (1_000_000, "4.50", True), (1_000_000, "15.00", False)],
)
def test_the_scenarios_of_the_specification(rows: int, difference: str, *, passes: bool) -> None:
    assert (Decimal(difference) <= focus_tolerance(rows, "USD")) is passes


def test_a_currency_has_its_own_smallest_unit() -> None:
    assert (subunit("USD"), subunit("JPY"), subunit("KWD")) == (Decimal("0.01"), Decimal(1), Decimal("0.001"))
    assert focus_tolerance(5, "JPY") == 100


def test_half_a_unit_is_rounded_away_from_zero() -> None:
    assert rounded(Decimal("-0.005"), Decimal("0.01")) == Decimal("-0.01")
    assert rounded(Decimal("0.005"), Decimal("0.01")) == Decimal("0.01")
