"""Tool: the budgets that one cloud keeps."""

from typing import Annotated

from pydantic import Field

from servers.kit.deps import Cursor, Deps, Limit, page_of
from shared_models.budget import BudgetPage
from shared_models.server_card import Port


async def list_budgets(
    deps: Deps,
    exceeded: Annotated[bool | None, Field(description="Whether more than the limit was spent")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> BudgetPage:
    """Budgets kept in this cloud: scope, limit, actual and forecast spend, thresholds and whether they are exceeded."""
    items, pagination, coverage = await page_of(
        deps, deps.cloud.budgets, {"exceeded": exceeded}, cursor, limit, "list_budgets"
    )
    return BudgetPage(
        data=items, pagination=pagination, coverage=coverage, freshness=deps.cloud.freshness(Port.BUDGETS)
    )
