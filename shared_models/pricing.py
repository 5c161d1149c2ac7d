"""Prices: what one unit of a SKU costs, at list and by contract."""

from datetime import datetime

from shared_models.base import WireModel
from shared_models.coverage import Coverage, Freshness
from shared_models.money import ExactDecimal
from shared_models.page import Pagination


class SkuPrice(WireModel):
    """One price of one SKU in one region; `contracted_unit_price` is null where no contract is known."""

    sku_id: str
    sku_price_id: str | None = None
    provider: str
    service_name: str
    sku_description: str
    region_id: str | None = None
    pricing_category: str
    pricing_unit: str
    list_unit_price: ExactDecimal
    contracted_unit_price: ExactDecimal | None = None
    currency: str
    effective_from: datetime | None = None


class PricePage(WireModel):
    """A page of prices in a stable order."""

    data: tuple[SkuPrice, ...]
    pagination: Pagination
    coverage: Coverage
    freshness: tuple[Freshness, ...]
