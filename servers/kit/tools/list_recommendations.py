"""Tool: the cloud's own proposals."""

from typing import Annotated

from pydantic import Field

from servers.kit.deps import Cursor, Deps, Limit, page_of
from shared_models.recommendation import Action, RecommendationPage
from shared_models.server_card import Port


async def list_recommendations(
    deps: Deps,
    action: Annotated[Action | None, Field(description="One kind of change only")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> RecommendationPage:
    """The cloud's own proposals with estimated monthly savings, effort and whether a restart is needed. They are the
    cloud's view: check query_usage for the evidence.
    """
    conditions = {"action": action.value if action else None}
    items, pagination, coverage = await page_of(
        deps, deps.cloud.recommendations, conditions, cursor, limit, "list_recommendations"
    )
    return RecommendationPage(
        data=items, pagination=pagination, coverage=coverage, freshness=deps.cloud.freshness(Port.RECOMMENDATIONS)
    )
