"""Tool: what runs, over all clouds, live."""

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from orchestrator.deps import Deps
from orchestrator.tools.live import live_page
from shared_models.inventory import Resource, ResourcePage, ResourceType


async def list_resources(
    deps: Deps,
    ctx: Context,
    resource_type: Annotated[ResourceType | None, Field(description="One kind only")] = None,
    providers: Annotated[list[str] | None, Field(description="Some clouds only, e.g. aws")] = None,
    limit: Annotated[int, Field(ge=1, le=50, description="Resources per cloud")] = 5,
    cursor: Annotated[str | None, Field(description="next_cursor of the page before")] = None,
) -> ResourcePage:
    """Resources asked live of the cloud servers at once, each cloud's in a stable order: kind, account, region, state,
    tags, attachment. A cloud that does not answer is a labelled gap. What resources cost: finops_query_costs with
    group_by ResourceId.
    """
    arguments = {"resource_type": resource_type.value} if resource_type else {}
    found = await live_page(deps, ctx, "list_resources", arguments, ResourcePage, providers, limit, cursor)
    data: tuple[Resource, ...] = tuple(item for page in found.pages.values() for item in page.data)
    return ResourcePage(
        data=data,
        pagination=found.pagination,
        coverage=found.coverage,
        freshness=found.freshness,
    )
