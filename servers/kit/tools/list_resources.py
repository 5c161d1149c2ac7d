"""Tool: what runs in one cloud."""

from typing import Annotated

from pydantic import Field

from servers.kit.deps import Cursor, Deps, Limit, page_of
from shared_models.inventory import ResourcePage, ResourceType
from shared_models.server_card import Port


async def list_resources(
    deps: Deps,
    resource_type: Annotated[ResourceType | None, Field(description="One kind only")] = None,
    sub_account_id: Annotated[str | None, Field(description="One account, subscription or project")] = None,
    region_id: Annotated[str | None, Field(description="One region")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> ResourcePage:
    """Resources of this cloud with state, size, attachment, tags and monthly cost, in a stable order. For the most
    expensive over clouds use finops_list_resources.
    """
    conditions = {
        "resource_type": resource_type.value if resource_type else None,
        "sub_account_id": sub_account_id,
        "region_id": region_id,
    }
    items, pagination, coverage = await page_of(deps, deps.cloud.inventory, conditions, cursor, limit, "list_resources")
    return ResourcePage(
        data=items, pagination=pagination, coverage=coverage, freshness=deps.cloud.freshness(Port.INVENTORY)
    )
