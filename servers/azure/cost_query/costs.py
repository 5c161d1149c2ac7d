"""Costs of one scope from Query: each request shared, kept by its freshness tier, and folded into FOCUS buckets."""

import json
from collections import defaultdict
from datetime import datetime
from decimal import Decimal

from servers.azure.cost_query.pages import Figures, read_through
from servers.azure.cost_query.question import TYPES, Asked, focus_value, planned
from servers.azure.live import Live
from servers.azure.scopes import Scope
from servers.kit.live.answered_spans import in_order
from servers.kit.live.threads import off_loop
from servers.kit.live.tiers import bucket_of, fresh_for
from servers.kit.ports import CostAnswer
from shared_models.coverage import Freshness
from shared_models.period import month_start, parse_instant
from shared_models.query import CostLine, CostQuery, CurrencyTotal, Granularity
from shared_models.untrusted import safe_text

Key = tuple[str | None, str, tuple[str | None, ...]]
"""(bucket, currency, keys)"""


class QueriedCosts:
    """Answers cost questions of scopes by Cost Management's Query."""

    def __init__(self, live: Live) -> None:
        self._live = live

    async def query(self, query: CostQuery, scope: Scope) -> CostAnswer:
        """Every line of one scope's answer; what was read before a failure is kept for the next time.

        Raises:
            SourceNotEnabledError: Query cannot answer this; the hint says what it can.
            ThrottledError: the tenant's quota does not come free in time.
            FinOpsError: Azure refused or failed.

        """
        plan = planned(query, self._live.clock())
        sums: dict[Key, Decimal] = defaultdict(Decimal)
        calls, fetched, cached = 0, None, bool(plan.requests)
        for asked in plan.requests:
            found, at, from_cache = await self._kept(scope, asked)
            fetched = min(at, fetched or at)
            cached = cached and from_cache
            calls += 0 if from_cache else found.requests
            for figure in found.figures:
                keys = tuple(
                    focus_value(column, told) for column, told in zip(query.group_by, figure.keys, strict=True)
                )
                bucket = _bucket(figure.start, asked, query.granularity)
                sums[bucket, figure.currency, tuple(key and safe_text(key) for key in keys)] += figure.amount
        lines = in_order(
            CostLine(keys=keys, bucket=bucket, currency=currency, amount=amount)
            for (bucket, currency, keys), amount in sums.items()
        )
        totals: dict[str, Decimal] = defaultdict(Decimal)
        for line in lines:
            totals[line.currency] += line.amount
        origin = f"Cost Management {TYPES[query.metric]} of {scope.kind} {scope.id}"
        freshness = Freshness(source="azure", fetched_at=fetched, origin=f"{origin}, from cache" if cached else origin)
        return CostAnswer(
            lines=lines,
            total=len(lines),
            totals=tuple(
                CurrencyTotal(currency=currency, amount=amount) for currency, amount in sorted(totals.items())
            ),
            freshness=(freshness,) if plan.requests else (),
            notes=(*plan.notes, *self._notes(query, calls)),
        )

    async def _kept(self, scope: Scope, asked: Asked) -> tuple[Figures, datetime, bool]:
        async def ask() -> str:
            return (await off_loop(read_through, self._live, scope, asked)).model_dump_json()

        key = json.dumps(["query", scope.id, scope.tenant, asked.body], sort_keys=True, separators=(",", ":"))
        kept = await self._live.answers.get(key, fresh_for(asked.period, self._live.clock()), ask)
        return Figures.model_validate_json(kept.body), kept.fetched_at, kept.from_cache

    def _notes(self, query: CostQuery, calls: int) -> list[str]:
        now = self._live.clock()
        notes = [f"{query.metric.value} is {TYPES[query.metric]} of Cost Management"]
        if query.period.end > month_start(now.year, now.month):
            notes.append("the open month's figures are estimated; they lag behind use by up to a day")
        if calls:
            notes.append(f"{calls} calls of Cost Management")
        return notes


def _bucket(told: str | None, asked: Asked, granularity: Granularity) -> str | None:
    """The bucket of a figure; a month that the period cuts begins where the bucket does."""
    day = parse_instant(told) if told else asked.period.start
    return bucket_of(day, granularity)
