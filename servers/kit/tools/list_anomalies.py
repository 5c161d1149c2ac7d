"""Tool: the anomalies that one cloud found by itself."""

from servers.kit.deps import Cursor, Deps, Limit, page_of
from shared_models.anomaly import AnomalyPage
from shared_models.server_card import Port


async def list_anomalies(deps: Deps, limit: Limit = 20, cursor: Cursor = None) -> AnomalyPage:
    """Cost anomalies that this cloud's own detection found, newest first: days, impact, expected cost, root causes."""
    items, pagination, coverage = await page_of(deps, deps.cloud.anomalies, {}, cursor, limit, "list_anomalies")
    return AnomalyPage(
        data=items, pagination=pagination, coverage=coverage, freshness=deps.cloud.freshness(Port.ANOMALIES)
    )
