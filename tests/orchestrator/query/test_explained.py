"""Why it moved, for any bill: the groups' changes sum to the total's, and price and quantity to each change."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.business.config import BusinessConfig
from orchestrator.ledger.ledger import Ledger
from orchestrator.query.change import Status, price_and_quantity, status_of
from orchestrator.query.engine import QueryEngine
from orchestrator.query.question import Question
from tests.builders import NOW, OCTOBER, SEPTEMBER, cost_row, export_part

charges = st.tuples(
    st.sampled_from(["2026-09-03", "2026-10-03"]),
    st.sampled_from(["USD", "EUR"]),
    st.sampled_from(["Compute", "Storage", "Queue", "Search"]),
    st.decimals(min_value=-(10**6), max_value=10**6, places=12, allow_nan=False),
    st.decimals(min_value=0, max_value=10**4, places=3, allow_nan=False),
    st.sampled_from(["Hours", "GB"]),
)


@settings(max_examples=5, deadline=None)
@given(st.lists(charges, min_size=1, max_size=14))
def test_contributions_sum_to_the_change_in_every_currency(lines: list) -> None:
    with TemporaryDirectory() as folder:
        ledger = _book(Path(folder), lines)
        question = Question(period=OCTOBER, compare_to=SEPTEMBER, group_by=("ServiceName",))
        groups = QueryEngine(ledger, BusinessConfig()).explain(question).groups
        ledger.close()

    wanted, months = _expected(lines)
    assert {(*group.keys, group.currency): group.after - group.before for group in groups} == wanted
    for group in groups:
        key = (*group.keys, group.currency)
        assert (status_of(group) is Status.NEW) == (months[key] == {"2026-10"})
        assert (status_of(group) is Status.VANISHED) == (months[key] == {"2026-09"})
        effects = price_and_quantity(group)
        assert effects is None or sum(effects) == wanted[key]


def _book(home: Path, lines: list) -> Ledger:
    rows = [
        cost_row(
            ChargePeriodStart=day, BillingCurrency=currency, ServiceName=service, Cost=cost,
            PricingQuantity=quantity, PricingUnit=unit,
        )
        for day, currency, service, cost, quantity, unit in lines
    ]  # fmt: skip
    months = [
        [row for row in rows if row["BillingPeriodStart"] == start] for start in {r["BillingPeriodStart"] for r in rows}
    ]
    ledger = Ledger(home / "ledger")
    ledger.adopt([export_part(home / "in", month) for month in months], [], now=NOW, reason="test")
    return ledger


def _expected(lines: list) -> tuple[dict, dict]:
    """The change of each (service, currency), and the months in which it was charged."""
    changes: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    months: dict[tuple[str, str], set[str]] = defaultdict(set)
    for day, currency, service, cost, *_ in lines:
        changes[service, currency] += cost if day.startswith("2026-10") else -cost
        months[service, currency].add(day[:7])
    return changes, months
