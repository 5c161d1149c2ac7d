"""Claims: true ones hold in every basis, near misses name what was read, and gaps are never talked over."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from orchestrator.business.calendar import FiscalCalendar
from orchestrator.business.config import BusinessConfig, CalendarConfig
from orchestrator.claims.claim import Claim, Verdict
from orchestrator.claims.periods import other_periods
from orchestrator.claims.verify import verify
from orchestrator.ledger.ledger import Ledger
from orchestrator.query.engine import QueryEngine
from shared_models.errors import InvalidArgumentError, UnknownValueError
from shared_models.export import CostBasis
from shared_models.period import ChargePeriod
from shared_models.query import CostFilter
from tests.builders import NOW, OCTOBER, SEPTEMBER, cost_row, export_part

CALENDAR = FiscalCalendar(CalendarConfig(fiscal_year_start_month=4, pattern="4-4-5"))
BUSINESS = BusinessConfig(rates={"bank": {"EUR/USD": {date(2026, 1, 1): Decimal("1.10")}}})
AWS_ONLY = (CostFilter(column="x_Provider", values=("aws",)),)


def metrics(billed: str, effective: str, listed: str, contracted: str) -> dict[str, str]:
    return {"BilledCost": billed, "EffectiveCost": effective, "ListCost": listed, "ContractedCost": contracted}


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """October, of AWS in USD: usage 1000 (billed 900, list 1300), credit -70, tax 81; of Azure: 50 USD and 200 EUR."""
    tmp_path = tmp_path_factory.mktemp("claims")
    ledger = Ledger(tmp_path / "home")
    day = {"ChargePeriodStart": "2026-10-01", "ChargePeriodEnd": "2026-11-01T00:00:00"}
    azure = {"x_Provider": "azure", "BillingAccountId": "200", "SubAccountId": "s1", "ServiceName": "Storage"}
    parts = [
        [
            cost_row(**day, **metrics("900", "1000", "1300", "1100")),
            cost_row(Cost="-70", ChargeCategory="Credit", **day),
            cost_row(Cost="81", ChargeCategory="Tax", SubAccountId=None, **day),
            cost_row(Cost="11", ChargePeriodStart="2026-09-10", BillingPeriodStart="2026-10-01T00:00:00",
                     BillingPeriodEnd="2026-11-01T00:00:00"),
        ],
        [cost_row(Cost="640", ChargePeriodStart="2026-09-01", ChargePeriodEnd="2026-10-01T00:00:00")],
        [cost_row(Cost="50", **azure, **day), cost_row(Cost="200", BillingCurrency="EUR", **azure, **day)],
        [cost_row(Cost="5", **azure, ChargePeriodStart="2026-09-01", ChargePeriodEnd="2026-10-01T00:00:00")],
    ]  # fmt: skip
    ledger.adopt([export_part(tmp_path / "in", rows) for rows in parts], [], now=NOW, reason="test")
    yield ledger
    ledger.close()


def check(ledger: Ledger, amount: str, **claimed: object):
    expected = claimed.pop("expected", ())
    claim = Claim(**{"amount": amount, "currency": "USD", "period": OCTOBER, **claimed})
    return verify(QueryEngine(ledger, BUSINESS), CALENDAR, claim, expected=expected)


@pytest.mark.parametrize(
    ("metric", "amount"),
    [
        (CostBasis.EFFECTIVE, "1061"),
        (CostBasis.BILLED, "961"),
        (CostBasis.LIST, "1361"),
        (CostBasis.CONTRACTED, "1161"),
    ],
)
def test_a_true_claim_is_supported_in_its_own_basis(ledger: Ledger, metric: CostBasis, amount: str) -> None:
    answer = check(ledger, amount, metric=metric)

    assert answer.verdict is Verdict.SUPPORTED
    assert answer.figure == Decimal(amount)
    assert answer.readings == ()
    assert (answer.evidence.basis, answer.evidence.complete) == (metric.value, True)


NEAR_MISSES = {
    "another metric": ({"amount": "961"}, ("BilledCost",)),
    "gross instead of net": ({"amount": "1131"}, ("without credits (gross)",)),
    "without tax": ({"amount": "980"}, ("without tax",)),
    "without tax and credits": ({"amount": "1050"}, ("without tax and credits",)),
    "gross and billed": ({"amount": "1031"}, ("without credits (gross)", "BilledCost")),
    "the month before": ({"amount": "656"}, ("previous period",)),
    "one cloud": ({"amount": "50"}, ("azure only",)),
    "the filter forgotten": ({"amount": "1061", "filters": AWS_ONLY}, ("without the filter",)),
    "the bill of the month": ({"amount": "1072"}, ("by billing period, not charge period",)),
    "another currency": ({"amount": "200"}, ("EUR, not USD",)),
    "all currencies together": ({"amount": "1281"}, ("all currencies at rates bank",)),
    "the rates forgotten": ({"amount": "1061", "rates": "bank"}, ("USD alone, unconverted",)),
    "the spend definition forgotten": (
        {"amount": "1061", "spend": "without_tax"}, ("total spend, not without_tax",)),
    "the metric of a spend": ({"amount": "880", "spend": "without_tax"}, ("BilledCost",)),
}  # fmt: skip


@pytest.mark.parametrize("case", NEAR_MISSES)
def test_a_near_miss_names_what_was_read(ledger: Ledger, case: str) -> None:
    claimed, differs_in = NEAR_MISSES[case]

    answer = check(ledger, **claimed)

    assert answer.verdict is Verdict.NOT_SUPPORTED
    assert answer.readings[0].differs_in == differs_in
    assert answer.readings[0].difference == 0


def test_a_fiscal_period_and_year_to_date_are_told_apart(ledger: Ledger) -> None:
    year_to_date = check(ledger, "1717", tolerance="1%")

    assert ("calendar year to date (incomplete data)",) in {reading.differs_in for reading in year_to_date.readings}


def test_a_claim_is_judged_by_its_own_precision(ledger: Ledger) -> None:
    assert check(ledger, "1.1k").verdict is Verdict.SUPPORTED
    assert check(ledger, "1.2k").verdict is Verdict.NOT_SUPPORTED
    assert check(ledger, "1061.01").verdict is Verdict.NOT_SUPPORTED
    assert check(ledger, "1061.01", tolerance="0.01").verdict is Verdict.SUPPORTED


def test_readings_are_at_most_five_and_the_closest_first(ledger: Ledger) -> None:
    answer = check(ledger, "1100", tolerance="30%", currency="EUR")
    wide = check(ledger, "1.0 million", tolerance="1000000")

    assert answer.verdict is Verdict.NOT_SUPPORTED
    distances = [abs(reading.difference) for reading in wide.readings]
    assert distances == sorted(distances)
    assert len(wide.readings) <= 5


def test_where_something_is_missing_nothing_is_supported(ledger: Ledger) -> None:
    answer = check(ledger, "1061", expected=("aws", "azure", "gcp"))

    assert answer.verdict is Verdict.CANNOT_SAY
    assert answer.figure == 1061
    assert not answer.evidence.complete
    assert "gcp: its bills are not in the ledger yet" in answer.notes[0]


def test_a_gap_outside_of_the_claim_does_not_matter(ledger: Ledger) -> None:
    answer = check(ledger, "1011", filters=AWS_ONLY, expected=("aws", "azure", "gcp"))

    assert answer.verdict is Verdict.SUPPORTED


def test_charges_in_other_currencies_are_said_and_never_added(ledger: Ledger) -> None:
    assert "Charges in other currencies are not in the figure: 200.00 EUR." in check(ledger, "1061").notes


def test_a_currency_that_is_not_billed_and_a_mistyped_filter_are_refused(ledger: Ledger) -> None:
    with pytest.raises(InvalidArgumentError, match="CHF") as caught:
        check(ledger, "1061", currency="CHF")
    with pytest.raises(UnknownValueError):
        check(ledger, "1061", filters=(CostFilter(column="ServiceName", values=("Compte",)),))

    assert "EUR, USD" in caught.value.hint


def test_the_same_claim_has_the_same_id_and_another_amount_another(ledger: Ledger) -> None:
    ids = [check(ledger, amount).evidence.query_id for amount in ("1061", "1061", "1062")]

    assert ids[0] == ids[1] != ids[2]


def test_other_periods_of_a_month_are_its_neighbours_its_fiscal_twin_and_the_years_to_date() -> None:
    found = other_periods(OCTOBER, CALENDAR)

    assert found["previous period"] == SEPTEMBER
    assert found["next period"] == ChargePeriod.month(2026, 11)
    assert found["fiscal period FY27-P07"] == CALENDAR.period("FY27-P07")
    assert found["calendar year to date"] == ChargePeriod.parse("2026-01-01/2026-11-01")
    assert found["FY27 to date"].start == CALENDAR.period("FY27").start


def test_a_fiscal_quarter_has_its_calendar_twin() -> None:
    found = other_periods(CALENDAR.period("FY27-Q3"), CALENDAR)

    assert found["calendar quarter 2026-Q4"] == ChargePeriod.parse("2026-Q4")
    assert OCTOBER not in found.values()
