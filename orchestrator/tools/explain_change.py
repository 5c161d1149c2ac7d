"""Tool: why did it move."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import anyio.to_thread
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from orchestrator.deps import Deps
from orchestrator.evidence import CostEvidence
from orchestrator.periods import resolve_period
from orchestrator.proof.answered import of_change
from orchestrator.query.change import Quantities, Status, price_and_quantity, status_of
from orchestrator.query.question import OrderBy, Question
from orchestrator.tools.arguments import AsOf, Filters, GroupBy, Spend
from shared_models.base import WireModel
from shared_models.coverage import Coverage, Freshness
from shared_models.export import CostBasis
from shared_models.money import ExactDecimal
from shared_models.period import ChargePeriod, parse_instant

Optional = SkipJsonSchema[None]


class Mover(WireModel):
    """One group's part in the change; price_effect + quantity_effect = change where both are given."""

    keys: tuple[str | None, ...]
    currency: str
    status: Status
    before: ExactDecimal
    after: ExactDecimal
    change: ExactDecimal
    price_effect: ExactDecimal | Optional = None
    quantity_effect: ExactDecimal | Optional = None
    pricing_unit: str | Optional = None


class CurrencyChange(WireModel):
    """The whole change of one currency: listed movers + other_change = change, exactly."""

    currency: str
    before: ExactDecimal
    after: ExactDecimal
    change: ExactDecimal
    change_percent: float | Optional = None
    groups: int
    new_groups: int
    vanished_groups: int
    other_groups: int
    other_change: ExactDecimal


class ChangeAnswer(WireModel):
    """Which groups moved the total from one period to the other."""

    notes: tuple[str, ...]
    metric: CostBasis
    period: ChargePeriod
    compare_to: ChargePeriod
    group_by: tuple[str, ...]
    totals: tuple[CurrencyChange, ...]
    movers: tuple[Mover, ...]
    coverage: Coverage
    freshness: tuple[Freshness, ...]
    evidence: CostEvidence


async def explain_change(
    deps: Deps,
    period: Annotated[str, Field(description="The later period: 2026-10, FY27-P05 or START/END")],
    compare_to: Annotated[str, Field(description="The earlier period, likewise")],
    group_by: GroupBy = None,
    metric: Annotated[CostBasis, Field(description="The cost metric")] = CostBasis.EFFECTIVE,
    filters: Filters = None,
    spend: Spend = None,
    limit: Annotated[int, Field(ge=1, le=100, description="Movers per currency")] = 10,
    as_of: AsOf = None,
) -> ChangeAnswer:
    """Why a total moved between two periods: the groups (default: by cloud and service) with the largest changes, new
    and vanished ones, and for groups with one pricing unit how much is price and how much is quantity. Contributions
    sum to the change exactly, per currency. Mind notes: an open month is not comparable with a full one.
    """
    question = Question(
        period=resolve_period(deps.calendar, None, None, period),
        compare_to=resolve_period(deps.calendar, None, None, compare_to),
        metric=metric,
        group_by=tuple(group_by or ("x_Provider", "ServiceName")),
        filters=tuple(filters or ()),
        spend=spend,
        order_by=OrderBy.CHANGE,
    )
    booked_at = parse_instant(as_of) if as_of is not None else None
    expected = await deps.cost_providers()
    return await anyio.to_thread.run_sync(lambda: _explain(deps, question, limit, booked_at, expected))


def _explain(
    deps: Deps, question: Question, limit: int, as_of: datetime | None, expected: Sequence[str]
) -> ChangeAnswer:
    explained = deps.engine().explain(question, as_of=as_of, expected=expected)
    deps.keep(of_change(question, explained))
    by_currency: dict[str, list[Quantities]] = {}
    for group in explained.groups:
        by_currency.setdefault(group.currency, []).append(group)
    movers: list[Mover] = []
    totals: list[CurrencyChange] = []
    for currency, groups in sorted(by_currency.items()):
        ranked = sorted(groups, key=lambda g: (-abs(g.after - g.before), tuple(key or "" for key in g.keys)))
        listed = [_mover(group) for group in ranked[:limit] if group.after != group.before]
        movers += listed
        totals.append(_total(currency, groups, listed))
    return ChangeAnswer(
        notes=explained.notes,
        metric=question.metric,
        period=question.period,
        compare_to=question.compare_to or question.period,
        group_by=question.group_by,
        totals=tuple(totals),
        movers=tuple(movers),
        coverage=explained.coverage,
        freshness=explained.freshness,
        evidence=explained.evidence,
    )


def _mover(group: Quantities) -> Mover:
    effects = price_and_quantity(group)
    return Mover(
        keys=group.keys,
        currency=group.currency,
        status=status_of(group),
        before=group.before,
        after=group.after,
        change=group.after - group.before,
        price_effect=effects[0] if effects else None,
        quantity_effect=effects[1] if effects else None,
        pricing_unit=group.unit if effects else None,
    )


def _total(currency: str, groups: list[Quantities], listed: list[Mover]) -> CurrencyChange:
    before = sum((group.before for group in groups), Decimal(0))
    after = sum((group.after for group in groups), Decimal(0))
    return CurrencyChange(
        currency=currency,
        before=before,
        after=after,
        change=after - before,
        change_percent=round(float((after - before) / before * 100), 2) if before else None,
        groups=len(groups),
        new_groups=sum(1 for group in groups if not group.lines_before),
        vanished_groups=sum(1 for group in groups if not group.lines_after),
        other_groups=len(groups) - len(listed),
        other_change=after - before - sum((mover.change for mover in listed), Decimal(0)),
    )
