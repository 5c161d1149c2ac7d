"""Tool: what one cloud expects to cost."""

from collections import defaultdict
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from servers.kit.deps import Deps, answered
from shared_models.export import CostBasis
from shared_models.forecast import CostForecast, ForecastLine, ForecastQuery, ForecastStep, ForecastTotal
from shared_models.period import ChargePeriod, parse_instant
from shared_models.query import CostFilter, check_filter
from shared_models.server_card import Port


async def forecast_costs(
    deps: Deps,
    start: Annotated[str, Field(description="First day, YYYY-MM-DD, today or later")],
    end: Annotated[str, Field(description="Day after the last, YYYY-MM-DD")],
    metric: Annotated[CostBasis, Field(description="BilledCost for invoices")] = CostBasis.EFFECTIVE,
    granularity: Annotated[ForecastStep, Field(description="Length of a bucket")] = ForecastStep.MONTH,
    filters: Annotated[list[CostFilter] | None, Field(description="Joined by AND")] = None,
    level: Annotated[int, Field(ge=51, le=99, description="Percent of cases within the bounds")] = 80,
) -> CostForecast:
    """The cloud's own forecast of its costs in a future period: mean, lower and upper bound by bucket. Asking may
    cost.
    """
    for condition in filters or ():
        check_filter(condition)
    query = ForecastQuery(
        period=ChargePeriod(start=parse_instant(start), end=parse_instant(end)),
        metric=metric,
        granularity=granularity,
        filters=tuple(filters or ()),
        level=level,
    )
    found = await deps.cloud.forecast.ask(query)
    return CostForecast(
        metric=metric,
        period=query.period,
        level=level,
        totals=_totals(found.lines),
        data=found.lines,
        coverage=answered(deps, found.gaps),
        freshness=found.freshness or deps.cloud.freshness(Port.FORECAST),
        notes=found.notes,
    )


def _totals(lines: tuple[ForecastLine, ...]) -> tuple[ForecastTotal, ...]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[line.currency] += line.mean
    return tuple(ForecastTotal(currency=currency, mean=mean) for currency, mean in sorted(sums.items()))
