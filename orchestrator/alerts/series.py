"""The series that are watched: usage-based effective cost by day, from the query engine."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from orchestrator.alerts.scope import LEVELS, Scope, Series
from orchestrator.evidence import CostEvidence
from orchestrator.query.answer import CostAnswer
from orchestrator.query.engine import QueryEngine
from orchestrator.query.question import Question
from shared_models.period import ChargePeriod
from shared_models.query import CostFilter, FilterOperator, Granularity

USAGE: Final = (
    CostFilter(column="ChargeFrequency", operator=FilterOperator.EQUALS, values=("Usage-Based",)),
    CostFilter(column="ChargeCategory", operator=FilterOperator.EQUALS, values=("Usage",)),
)
"""Without credits, taxes, purchases, fees and one-time charges: they are no behaviour of the estate."""
HISTORY: Final = timedelta(days=400)
MOST: Final = 20_000


def instant(day: date) -> datetime:
    """Midnight UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def series_of(
    engine: QueryEngine,
    first: date,
    until: date,
    filters: Sequence[CostFilter],
    expected: Sequence[str],
    generation: int | None,
) -> tuple[Series, CostEvidence]:
    """The series of every level up to `until` (exclusive), with history before `first`; and what they rest on."""
    begin = first - HISTORY
    costs: dict[Scope, dict[date, Decimal]] = {}
    evidence: list[CostEvidence] = []
    for level in LEVELS:
        question = Question(
            period=ChargePeriod(start=instant(begin), end=instant(until)),
            group_by=level or ("BillingCurrency",),
            filters=(*USAGE, *filters),
            granularity=Granularity.DAY,
            limit=MOST,
        )
        answer = engine.ask(question, expected=expected, generation=generation)
        evidence.append(answer.evidence)
        days = [date.fromisoformat(bucket[:10]) for bucket in answer.buckets or ()]
        for group in answer.data:
            scope = Scope(group.currency, tuple(zip(level, group.keys, strict=True)) if level else ())
            costs[scope] = {day: cost for day, cost in zip(days, group.series or (), strict=True) if cost}
    known = _known(costs)
    begun = min((start for start, _ in known.values()), default=begin)
    return Series(begun, (until - begun).days, costs, known), evidence[0]


def _known(costs: dict[Scope, dict[date, Decimal]]) -> dict[Scope, tuple[date, date]]:
    """First and last day with data of every scope's cloud; of the whole, the days that all of its clouds have."""
    spans: dict[tuple[str, str | None], tuple[date, date]] = {}
    for scope, found in costs.items():
        if len(scope.where) == 1 and found:
            spans[scope.currency, scope.where[0][1]] = (min(found), max(found))
    known: dict[Scope, tuple[date, date]] = {}
    for scope in costs:
        if scope.where:
            span = spans.get((scope.currency, scope.where[0][1]))
        else:
            own = [span for (currency, _), span in spans.items() if currency == scope.currency]
            span = (max(start for start, _ in own), min(end for _, end in own)) if own else None
        if span:
            known[scope] = span
    return known


def estate_of(
    engine: QueryEngine, period: ChargePeriod, filters: Sequence[CostFilter], expected: Sequence[str], generation: int
) -> CostAnswer:
    """The usage of the days that are reported: what is known of them, and what is missing."""
    question = Question(period=period, group_by=("BillingCurrency",), filters=(*USAGE, *filters))
    return engine.ask(question, expected=expected, generation=generation)
