"""Written figures: read exactly, judged by the precision that they were written with, refused where they are unclear."""

from decimal import Decimal

import pytest

from orchestrator.claims.amount import read_amount, read_tolerance
from shared_models.errors import InvalidArgumentError

WRITTEN = {
    "1200000": ("1200000", "0.5"),
    "1.2 million": ("1200000", "50000"),
    "1.20M": ("1200000", "5000"),
    "1,234.56": ("1234.56", "0.005"),
    "1 234 567": ("1234567", "0.5"),
    "3bn": ("3000000000", "500000000"),
    "-42.10": ("-42.10", "0.005"),
    "12k": ("12000", "500"),
    "0": ("0", "0.5"),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_a_figure_is_as_precise_as_it_is_written(text: str) -> None:
    amount, half_unit = read_amount(text)

    assert (amount, half_unit) == tuple(map(Decimal, WRITTEN[text]))


@pytest.mark.parametrize("text", ["1.234,56", "$12", "12 USD", "1e6", "", "NaN", "12,34", "1.2.3", "million"])
def test_an_unclear_figure_is_refused_with_a_form_to_follow(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match="not a figure") as caught:
        read_amount(text)

    assert "1,234.56" in caught.value.hint


def test_a_tolerance_is_an_amount_or_a_share_of_the_right_figure() -> None:
    half = Decimal("0.5")

    assert read_tolerance("5", half).allows(Decimal(105), Decimal(100))
    assert not read_tolerance("5", half).allows(Decimal("105.01"), Decimal(100))
    assert read_tolerance("1%", half).allows(Decimal(101), Decimal(100))
    assert not read_tolerance("1%", half).allows(Decimal("101.01"), Decimal(100))
    assert read_tolerance(None, half).allows(Decimal("99.5"), Decimal(100))
    with pytest.raises(InvalidArgumentError):
        read_tolerance("about 5", half)
