"""Tool: what the clouds propose, over all clouds, live."""

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from orchestrator.deps import Deps
from orchestrator.tools.live import live_page
from shared_models.recommendation import Action, RecommendationPage


async def list_recommendations(
    deps: Deps,
    ctx: Context,
    action: Annotated[Action | None, Field(description="One kind of change only")] = None,
    providers: Annotated[list[str] | None, Field(description="Some clouds only, e.g. aws")] = None,
    limit: Annotated[int, Field(ge=1, le=50, description="Proposals per cloud")] = 5,
    cursor: Annotated[str | None, Field(description="next_cursor of the page before")] = None,
) -> RecommendationPage:
    """The clouds' own proposals, asked live of all cloud servers at once: estimated monthly savings with currency,
    effort, restart. Savings are each cloud's estimate and may overlap; evidence is in <cloud>_query_usage.
    """
    arguments = {"action": action.value} if action else {}
    found = await live_page(deps, ctx, "list_recommendations", arguments, RecommendationPage, providers, limit, cursor)
    return RecommendationPage(
        data=tuple(item for page in found.pages.values() for item in page.data),
        pagination=found.pagination,
        coverage=found.coverage,
        freshness=found.freshness,
    )
