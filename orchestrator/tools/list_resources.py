"""Tool: what runs, over all clouds, live."""

from typing import Annotated

import anyio.to_thread
from mcp.server.mcpserver import Context
from pydantic import Field

from orchestrator.deps import Deps
from orchestrator.query.resource_costs import with_ledger_costs
from orchestrator.tools.live import live_page
from shared_models.coverage import Freshness, Gap, SourceState
from shared_models.errors import FinOpsError
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
    tags, attachment, monthly cost by the ledger. A cloud that does not answer is a labelled gap. The most expensive
    resources: finops_query_costs with group_by ResourceId.
    """
    arguments = {"resource_type": resource_type.value} if resource_type else {}
    found = await live_page(deps, ctx, "list_resources", arguments, ResourcePage, providers, limit, cursor)
    listed: tuple[Resource, ...] = tuple(item for page in found.pages.values() for item in page.data)
    data, priced, gaps = await anyio.to_thread.run_sync(_with_costs, deps, listed)
    return ResourcePage(
        data=data,
        pagination=found.pagination,
        coverage=found.coverage.model_copy(
            update={"complete": found.coverage.complete and not gaps, "gaps": (*found.coverage.gaps, *gaps)}
        ),
        freshness=(*found.freshness, *priced),
    )


def _with_costs(
    deps: Deps, resources: tuple[Resource, ...]
) -> tuple[tuple[Resource, ...], tuple[Freshness, ...], tuple[Gap, ...]]:
    """The resources with their costs; a ledger that cannot be read is a gap, for what runs is known without it."""
    try:
        priced = with_ledger_costs(deps.ledger, deps.ledger.snapshot(), resources)
    except FinOpsError as error:
        message = f"what the resources cost: {error.message}"
        gap = Gap(source="ledger", state=SourceState.ERROR, code=error.code, message=message, hint=error.hint)
        return resources, (), (gap,)
    return (*priced, ())
