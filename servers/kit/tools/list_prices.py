"""Tool: prices of one cloud."""

from typing import Annotated

from pydantic import Field

from servers.kit.deps import Cursor, Deps, Limit, page_of
from shared_models.pricing import PricePage
from shared_models.server_card import Port


async def list_prices(
    deps: Deps,
    service_name: Annotated[str | None, Field(description="One service")] = None,
    region_id: Annotated[str | None, Field(description="One region")] = None,
    sku_id: Annotated[str | None, Field(description="One SKU")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> PricePage:
    """Unit prices of this cloud: list price, contracted price where a contract is known, unit, currency, category."""
    conditions = {"service_name": service_name, "region_id": region_id, "sku_id": sku_id}
    items, pagination, coverage = await page_of(deps, deps.cloud.prices, conditions, cursor, limit, "list_prices")
    return PricePage(data=items, pagination=pagination, coverage=coverage, freshness=deps.cloud.freshness(Port.PRICES))
