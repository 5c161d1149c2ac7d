"""Costs from Cost Explorer: one payer's question, shared, kept by its freshness tier, and folded into FOCUS buckets."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from servers.aws.cost_explorer.pages import Figure, Figures, question_key, read_through
from servers.aws.cost_explorer.question import METRICS, PAYER, asked, focus_value
from servers.aws.live import Live
from servers.kit.live.answered_spans import in_order
from servers.kit.live.threads import off_loop
from servers.kit.live.tiers import bucket_of, fresh_for
from servers.kit.ports import CostAnswer
from shared_models.coverage import Freshness
from shared_models.period import parse_instant
from shared_models.query import CostFilter, CostLine, CostQuery, CurrencyTotal, FilterOperator
from shared_models.untrusted import safe_text

Key = tuple[str | None, str, tuple[str | None, ...]]
"""(bucket, currency, keys)"""


class CostExplorerCosts:
    """Answers cost questions of payers by GetCostAndUsage."""

    def __init__(self, live: Live) -> None:
        self._live = live

    async def query(self, query: CostQuery, payer: str) -> CostAnswer:
        """Every line of one payer's answer.

        Raises:
            SourceNotEnabledError: Cost Explorer cannot answer this; the hint says what it can.
            PurseEmptyError: the day's limit for paid calls is reached.
            FinOpsError: AWS refused or failed.

        """
        if not is_asked(payer, query.filters):
            return CostAnswer((), 0, ())
        request = asked(query, self._live.clock())

        async def ask() -> str:
            return (await off_loop(read_through, self._live, payer, request.arguments)).model_dump_json()

        key = question_key(payer, "GetCostAndUsage", request.arguments)
        kept = await self._live.answers.get(key, fresh_for(query.period, self._live.clock()), ask)
        found = Figures.model_validate_json(kept.body)
        lines = _lines(query, payer, found.figures)
        origin = f"Cost Explorer {METRICS[query.metric]} of {payer}"
        return CostAnswer(
            lines=lines,
            total=len(lines),
            totals=_totals(lines),
            freshness=(
                Freshness(
                    source="aws",
                    fetched_at=kept.fetched_at,
                    origin=f"{origin}, from cache" if kept.from_cache else origin,
                ),
            ),
            notes=(*request.notes, *_notes(query, found)),
        )


def is_asked(payer: str, filters: Sequence[CostFilter]) -> bool:
    """Whether conditions on the payer leave this one."""
    return all(_fits(payer, condition) for condition in filters if condition.column == PAYER)


def _fits(payer: str, condition: CostFilter) -> bool:
    match condition.operator:
        case FilterOperator.EQUALS | FilterOperator.IN:
            return payer in condition.values
        case FilterOperator.NOT_IN:
            return payer not in condition.values
        case FilterOperator.CONTAINS:
            return any(value in payer for value in condition.values)
        case FilterOperator.IS_NULL:
            return False
        case FilterOperator.IS_NOT_NULL:
            return True


def _lines(query: CostQuery, payer: str, figures: tuple[Figure, ...]) -> tuple[CostLine, ...]:
    sums: dict[Key, Decimal] = defaultdict(Decimal)
    for figure in figures:
        told = iter(figure.keys)
        keys = tuple(payer if column == PAYER else focus_value(column, next(told)) for column in query.group_by)
        sums[bucket_of(parse_instant(figure.start), query.granularity), figure.currency, keys] += figure.amount
    return in_order(
        CostLine(keys=tuple(key and safe_text(key) for key in keys), bucket=bucket, currency=currency, amount=amount)
        for (bucket, currency, keys), amount in sums.items()
    )


def _totals(lines: tuple[CostLine, ...]) -> tuple[CurrencyTotal, ...]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[line.currency] += line.amount
    return tuple(CurrencyTotal(currency=currency, amount=amount) for currency, amount in sorted(sums.items()))


def _notes(query: CostQuery, found: Figures) -> list[str]:
    metric = METRICS[query.metric]
    notes = [f"{query.metric.value} is {metric} of Cost Explorer"]
    if found.estimated:
        notes.append("Cost Explorer calls the open month's figures estimated; they lag behind use by up to a day")
    if query.filters and not any(figure.amount for figure in found.figures):
        notes.append("nothing matches the filters; Cost Explorer does not tell a value that never occurs from no cost")
    return notes
