"""Tool: metrics as evidence."""

from typing import Annotated

from pydantic import Field

from servers.kit.deps import Cursor, Deps, Limit, page_of
from shared_models.server_card import Port
from shared_models.usage import UsagePage


async def query_usage(
    deps: Deps,
    resource_id: Annotated[str | None, Field(description="One resource")] = None,
    metric: Annotated[str | None, Field(description="For example cpu_utilization_percent")] = None,
    limit: Limit = 31,
    cursor: Cursor = None,
) -> UsagePage:
    """Measured use of resources of this cloud by day: average, maximum, 95th percentile and how many samples, as
    evidence for or against a recommendation.
    """
    conditions = {"resource_id": resource_id, "metric": metric}
    items, pagination, coverage = await page_of(deps, deps.cloud.usage, conditions, cursor, limit, "query_usage")
    return UsagePage(data=items, pagination=pagination, coverage=coverage, freshness=deps.cloud.freshness(Port.USAGE))
