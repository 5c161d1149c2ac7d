"""Tool: what did we spend."""

from typing import Annotated

import anyio.to_thread
from pydantic import Field

from orchestrator.deps import Deps
from orchestrator.periods import resolve_period
from orchestrator.proof.answered import of_costs
from orchestrator.query.answer import CostAnswer
from orchestrator.query.question import Conversion, Measure, OrderBy, Question
from orchestrator.tools.arguments import AsOf, Cursor, End, Filters, GroupBy, Period, Spend, Start
from shared_models.errors import InvalidArgumentError
from shared_models.export import CostBasis
from shared_models.period import parse_instant
from shared_models.query import Granularity


async def query_costs(
    deps: Deps,
    start: Start = None,
    end: End = None,
    period: Period = None,
    metric: Annotated[
        CostBasis, Field(description="EffectiveCost amortises commitments; BilledCost ties to invoices")
    ] = CostBasis.EFFECTIVE,
    group_by: GroupBy = None,
    filters: Filters = None,
    granularity: Annotated[Granularity, Field(description="Adds a series of amounts per bucket")] = Granularity.TOTAL,
    compare_to: Annotated[str | None, Field(description="A second period, as START/END or a shorthand")] = None,
    also: Annotated[list[Measure] | None, Field(description="Measures to show beside the metric")] = None,
    spend: Spend = None,
    currency: Annotated[str | None, Field(description="Convert into this currency; needs rates")] = None,
    rates: Annotated[str | None, Field(description="Name of a rate table in the configuration")] = None,
    order_by: Annotated[OrderBy, Field(description="Ranking within each currency")] = OrderBy.AMOUNT,
    limit: Annotated[int, Field(ge=1, le=200, description="Groups per currency and page")] = 10,
    cursor: Cursor = None,
    as_of: AsOf = None,
) -> CostAnswer:
    """What we spent on all clouds, by the ledger, split by cloud, payer, account, service, region, resource, tag,
    team, kind of charge: costs as billed, amortised, at list or contracted prices; taxes, credits, purchases,
    reservations and plans used or unused. One total per currency; groups + other + unallocated = total, exactly.
    compare_to shows change per group. Read notes first: they say what is missing.
    """
    if (currency is None) != (rates is None):
        raise InvalidArgumentError(
            "currency", "A conversion needs both currency and rates.", hint="Name a rate table, or leave both out."
        )
    question = Question(
        period=resolve_period(deps.calendar, start, end, period),
        metric=metric,
        group_by=tuple(group_by or ()),
        filters=tuple(filters or ()),
        granularity=granularity,
        compare_to=deps.calendar.period(compare_to) if compare_to is not None else None,
        also=tuple(also or ()),
        spend=spend,
        conversion=Conversion(currency, rates) if currency and rates else None,
        order_by=order_by,
        limit=limit,
    )
    booked_at = parse_instant(as_of) if as_of is not None else None
    expected = await deps.cost_providers()
    return await anyio.to_thread.run_sync(
        lambda: deps.engine().ask(
            question,
            cursor=cursor,
            as_of=booked_at,
            expected=expected,
            keep=lambda asked, answer: deps.keep(of_costs(asked, answer)),
        )
    )
