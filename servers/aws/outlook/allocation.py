"""By what costs can be allocated: cost allocation tags with their state, and cost categories with their values."""

from datetime import timedelta
from typing import Any, Final

from servers.aws.live import Live
from servers.aws.outlook.answers import told

_KEPT_FOR: Final = timedelta(hours=24)


async def allocation(live: Live, payer: str) -> dict[str, Any]:
    """One payer's tags and categories.

    Raises:
        FinOpsError: AWS refused or failed, or the purse is empty.

    """
    tags = await told(live, payer, "list_cost_allocation_tags", {"MaxResults": 1000}, "CostAllocationTags", _KEPT_FOR)
    categories = await told(
        live, payer, "list_cost_category_definitions", {"MaxResults": 100}, "CostCategoryReferences", _KEPT_FOR
    )
    return {
        "billing_account_id": payer,
        "tags": [one for page in tags or () for one in page["CostAllocationTags"]],
        "cost_categories": [one for page in categories or () for one in page["CostCategoryReferences"]],
    }
