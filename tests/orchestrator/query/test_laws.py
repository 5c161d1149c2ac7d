"""Laws of any bill: totals survive grouping, paging and filtering, and no currency ever enters another's total."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.business.config import BusinessConfig
from orchestrator.ledger.ledger import Ledger
from orchestrator.query.engine import QueryEngine
from orchestrator.query.question import Question
from shared_models.query import CostFilter, FilterOperator
from tests.builders import NOW, OCTOBER, cost_row, export_part

Line = tuple[str, str, str | None, str | None, Decimal]
Sums = dict[str, Decimal]
lines = st.lists(
    st.tuples(
        st.sampled_from(["2026-10-01", "2026-10-02T23:00:00", "2026-10-31"]),
        st.sampled_from(["USD", "EUR", "JPY"]),
        st.sampled_from(["Compute", "Storage", "Queue", None]),
        st.sampled_from(["web", "", "Größe 数据", None]),
        st.decimals(min_value=-(10**12), max_value=10**12, places=12, allow_nan=False),
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=6, deadline=None)
@given(lines, st.integers(1, 3))
def test_totals_survive_grouping_paging_and_filtering_in_every_currency(bill: Sequence[Line], page: int) -> None:
    wanted = summed((currency, cost) for _, currency, _, _, cost in bill)
    with TemporaryDirectory() as folder:
        ledger = booked(Path(folder), bill)
        engine = QueryEngine(ledger, BusinessConfig())
        for column, place in (("ServiceName", 2), ("tags.team", 3), ("BillingCurrency", 1)):
            if column == "tags.team" and all(line[3] is None for line in bill):
                continue  # a tag key that never occurs is refused
            groups, unallocated = every_page(engine, column, page)

            assert summed([*((c, a) for _, c, a in groups), *unallocated]) == wanted
            assert len({(key, currency) for key, currency, _ in groups}) == len(groups)
            own = summed((f"{line[place]}/{line[1]}", line[4]) for line in bill if line[place] is not None)
            assert {f"{key}/{currency}": amount for key, currency, amount in groups} == own

            null, given = (
                totals(engine, column, operator) for operator in (FilterOperator.IS_NULL, FilterOperator.IS_NOT_NULL)
            )
            assert summed([*null.items(), *given.items()]) == wanted
        ledger.close()


def summed(parts) -> Sums:
    sums: Sums = defaultdict(Decimal)
    for name, amount in parts:
        sums[name] += amount
    return dict(sums)


def totals(engine: QueryEngine, column: str, operator: FilterOperator) -> Sums:
    condition = CostFilter(column=column, operator=operator)
    answer = engine.ask(Question(period=OCTOBER, filters=(condition,)))
    return {total.currency: total.amount for total in answer.totals}


def every_page(
    engine: QueryEngine, column: str, limit: int
) -> tuple[list[tuple[str | None, str, Decimal]], list[tuple[str, Decimal]]]:
    """The groups of all pages, and what no group took; each page's parts sum to the whole."""
    groups: list[tuple[str | None, str, Decimal]] = []
    cursor: str | None = None
    while True:
        answer = engine.ask(Question(period=OCTOBER, group_by=(column,), limit=limit), cursor=cursor)
        groups += [(group.keys[0], group.currency, group.amount) for group in answer.data]
        cursor = answer.pagination.next_cursor
        if cursor is None:
            return groups, [(part.currency, part.amount) for part in answer.unallocated or ()]


def booked(home: Path, bill: Sequence[Line]) -> Ledger:
    rows = [
        cost_row(ChargePeriodStart=day, BillingCurrency=currency, ServiceName=service, Tags=tags(team), Cost=cost)
        for day, currency, service, team, cost in bill
    ]
    ledger = Ledger(home / "ledger")
    ledger.adopt([export_part(home / "in", rows)], [], now=NOW, reason="test")
    return ledger


def tags(team: str | None) -> dict[str, str]:
    return {} if team is None else {"team": team}
