"""Why: the part of the bill an incident comes from, the resources in it, and whether price or quantity moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from orchestrator.alerts.judge import Incident
from orchestrator.alerts.series import MOST, USAGE, instant
from orchestrator.analyses.anomalies.cause import causes
from orchestrator.query.change import Quantities, price_and_quantity
from orchestrator.query.engine import QueryEngine
from orchestrator.query.question import Question
from shared_models.period import ChargePeriod
from shared_models.query import CostFilter, FilterOperator

DIMENSIONS: Final = ("x_Provider", "ServiceName", "SubAccountId", "RegionId", "SkuId")
_NESTED: Final = ((0, 2), (0, 4), (1, 4))
_TOLD: Final = ("ServiceName", "SubAccountId", "RegionId")
"""Columns that are told even where all that moved has one value."""
_BEFORE: Final = 28
_RESOURCES: Final = 3
_TAGS: Final = 2


@dataclass(frozen=True)
class Reason:
    """One explanation: where, how much of the money, what share of the incident, how well it fits (at most 1)."""

    where: dict[str, str | None]
    contribution: Decimal
    share: float
    fit: float


@dataclass(frozen=True)
class Resource:
    """One resource's part, against as many days some whole weeks before."""

    resource_id: str | None
    change: Decimal
    price_effect: Decimal | None
    quantity_effect: Decimal | None


def reasons(
    engine: QueryEngine, incident: Incident, filters: Sequence[CostFilter], generation: int | None
) -> tuple[Reason, ...]:
    """The three best explanations of an incident's impact over FOCUS dimensions and configured tags."""
    names = (*DIMENSIONS, *engine.catalog.tag_names[:_TAGS])
    days = (incident.last - incident.first).days + 1
    during = _by(engine, names, incident, filters, _span(incident, 0, days), generation)
    before = _by(engine, names, incident, filters, _span(incident, _BEFORE, _BEFORE), generation)
    keys = sorted({*during, *before}, key=str)
    actual = np.array([float(during.get(key, 0)) for key in keys])
    expected = np.array([max(float(before.get(key, 0)), 0.0) * days / _BEFORE for key in keys])
    if expected.sum() > 0 and incident.expected > 0:
        expected *= float(incident.expected) / expected.sum()
    columns = [list(values) for values in zip(*keys, strict=True)] if keys else []
    told = [number for number, values in enumerate(columns) if len(set(values)) > 1]
    nested = [(told.index(a), told.index(b)) for a, b in _NESTED if a in told and b in told]
    found = causes([columns[number] for number in told], expected, actual, nested=nested)
    told_names = [names[number] for number in told]
    same = {
        name: values[0]
        for name, values in zip(names, columns, strict=bool(columns))
        if name in _TOLD and len(set(values)) == 1
    }
    same = {name: value for name, value in same.items() if value is not None and name not in incident.scope.said}
    if not told and columns:
        return (Reason(same, incident.impact, 1.0, 1.0),)
    whole = float(incident.impact) or 1.0
    return tuple(
        Reason(
            where={**same, **{told_names[number]: value for number, value in cause.where}},
            contribution=Decimal(cause.contribution).quantize(Decimal("0.01")),
            share=round(cause.contribution / whole, 3),
            fit=round(cause.fit, 3),
        )
        for cause in found
    )


def resources(
    engine: QueryEngine, incident: Incident, where: dict[str, str | None], filters: Sequence[CostFilter]
) -> tuple[Resource, ...]:
    """The resources that moved most inside the cause, with price and quantity apart."""
    days = (incident.last - incident.first).days + 1
    weeks = 7 * -(-days // 7)
    question = Question(
        period=_span(incident, 0, days),
        compare_to=_span(incident, weeks, days),
        group_by=("ResourceId",),
        filters=(*USAGE, *filters, *_where({**incident.scope.said, **where}), _currency(incident)),
        limit=MOST,
    )
    groups = sorted(engine.explain(question).groups, key=lambda g: -incident.sign * (g.after - g.before))
    return tuple(_resource(group) for group in groups[:_RESOURCES] if group.after != group.before)


def _resource(group: Quantities) -> Resource:
    effects = price_and_quantity(group)
    return Resource(
        resource_id=group.keys[0],
        change=group.after - group.before,
        price_effect=effects[0] if effects else None,
        quantity_effect=effects[1] if effects else None,
    )


def _by(
    engine: QueryEngine,
    names: tuple[str, ...],
    incident: Incident,
    filters: Sequence[CostFilter],
    period: ChargePeriod,
    generation: int | None,
) -> dict[tuple[str | None, ...], Decimal]:
    question = Question(
        period=period,
        group_by=names,
        filters=(*USAGE, *filters, *_where(incident.scope.said), _currency(incident)),
        limit=MOST,
    )
    return {group.keys: group.amount for group in engine.ask(question, generation=generation).data}


def _span(incident: Incident, earlier: int, days: int) -> ChargePeriod:
    start = incident.first - timedelta(days=earlier)
    return ChargePeriod(start=instant(start), end=instant(start + timedelta(days=days)))


def _currency(incident: Incident) -> CostFilter:
    return CostFilter(column="BillingCurrency", values=(incident.scope.currency,))


def _where(where: dict[str, str | None]) -> tuple[CostFilter, ...]:
    return tuple(
        CostFilter(column=name, operator=FilterOperator.IS_NULL)
        if value is None
        else CostFilter(column=name, values=(value,))
        for name, value in where.items()
    )
