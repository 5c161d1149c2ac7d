"""Tool: what will it be."""

from typing import Annotated, Literal

import anyio.to_thread
from pydantic import Field

from orchestrator.deps import Deps
from orchestrator.forecasts.asked import Asked, Request
from orchestrator.forecasts.report import ForecastAnswer, PlannedChange
from orchestrator.periods import resolve_period
from orchestrator.tools.arguments import Filters, GroupBy, Spend
from shared_models.export import CostBasis
from shared_models.query import Granularity


async def forecast_costs(
    deps: Deps,
    period: Annotated[str, Field(description="Ends in the future: 2026-12, FY27-Q2 or START/END")],
    metric: Annotated[CostBasis, Field(description="The cost metric")] = CostBasis.EFFECTIVE,
    group_by: GroupBy = None,
    filters: Filters = None,
    spend: Spend = None,
    granularity: Annotated[Literal["day", "month"], Field(description="Of the buckets")] = "month",
    level: Annotated[Literal[80, 95], Field(description="Percent that the interval should hold")] = 80,
    planned: Annotated[list[PlannedChange] | None, Field(description="Known or what-if changes")] = None,
    limit: Annotated[int, Field(ge=1, le=50, description="Groups per currency")] = 5,
) -> ForecastAnswer:
    """What costs will be, up to 18 months ahead: forecast, budget outlook, month-end and quarter projection, what-if.
    Per currency: booked days + modelled usage + recurring fees + planned changes = amount; groups sum to it. With an
    interval and a back-test on this very series: read `tested` before relying on it. One-time charges are not guessed.
    """
    wanted = resolve_period(deps.calendar, None, None, period)
    expected = await deps.cost_providers()
    return await anyio.to_thread.run_sync(
        lambda: deps.forecasts(expected).ask(
            Asked(metric, tuple(group_by or ()), tuple(filters or ()), spend),
            Request(wanted, Granularity(granularity), level, limit, tuple(planned or ())),
        )
    )
