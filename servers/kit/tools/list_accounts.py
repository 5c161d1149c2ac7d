"""Tool: the account tree of one cloud."""

from typing import Annotated

from pydantic import Field

from servers.kit.deps import Cursor, Deps, Limit, page_of
from shared_models.organisation import SubAccountPage
from shared_models.server_card import Port


async def list_accounts(
    deps: Deps,
    sub_account_id: Annotated[str | None, Field(description="One account, subscription or project")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> SubAccountPage:
    """Accounts, subscriptions or projects of this cloud with their place in the organisation tree, as it was from
    valid_from to valid_to.
    """
    conditions = {"sub_account_id": sub_account_id}
    items, pagination, coverage = await page_of(
        deps, deps.cloud.organisation, conditions, cursor, limit, "list_accounts"
    )
    return SubAccountPage(
        data=items, pagination=pagination, coverage=coverage, freshness=deps.cloud.freshness(Port.ORGANISATION)
    )
