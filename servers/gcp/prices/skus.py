"""SKUs of the Catalog API as SkuPrice: every tier by its own line, in exact billionths."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from servers.gcp.money import amount
from servers.gcp.protos import message_of
from shared_models.pricing import SkuPrice

Contract = Callable[[str, str | None, Decimal, str], Decimal | None]
"""(SKU, region, start of the tier, currency) -> the price by contract."""
_CATEGORIES: Final = {"Preemptible": "Dynamic", "Commit1Yr": "Committed", "Commit3Yr": "Committed"}
_SPOT: Final = re.compile(r"^(?:Spot |Preemptible )|\bSpot\b")


def prices_of(said: Any, region: str | None, contract: Contract, now: datetime) -> Iterator[SkuPrice]:
    """Every price of a google.cloud.billing_v1.Sku that holds now, in one region or in all."""
    sku = message_of(said)
    held = [one for one in sku.pricing_info if one.effective_time.ToDatetime(UTC) <= now]
    if not held:
        return
    info = max(held, key=lambda one: one.effective_time.ToDatetime(UTC))
    expression = info.pricing_expression
    rates = sorted(expression.tiered_rates, key=lambda one: one.start_usage_amount)
    category = category_of(sku.category.usage_type, sku.description)
    for place in sku.service_regions or ("global",):
        own = None if place == "global" else str(place)
        if region is not None and own != region:
            continue
        for number, rate in enumerate(rates):
            start = Decimal(repr(rate.start_usage_amount)).normalize()
            price, currency = amount(rate.unit_price), rate.unit_price.currency_code
            yield SkuPrice(
                sku_id=sku.sku_id,
                sku_price_id=f"{sku.sku_id}/{own or 'global'}/{start:f}",
                provider="gcp",
                service_name=sku.category.service_display_name,
                sku_description=f"{sku.description}{_tier(rates, number)}",
                region_id=own,
                pricing_category=category,
                pricing_unit=expression.usage_unit_description or expression.usage_unit,
                list_unit_price=price,
                contracted_unit_price=contract(sku.sku_id, own, start, currency),
                currency=currency,
                effective_from=info.effective_time.ToDatetime(UTC),
            )


def category_of(usage_type: str, description: str) -> str:
    """Standard, Dynamic or Committed; some spot SKUs are typed OnDemand and are told by their description."""
    return _CATEGORIES.get(usage_type, "Dynamic" if _SPOT.search(description) else "Standard")


def _tier(rates: list[Any], number: int) -> str:
    """What the line is of, where a SKU has several: a first tier that costs nothing must not be taken for its price."""
    if len(rates) == 1:
        return ""
    if number == 0 and not amount(rates[0].unit_price):
        return f" (free up to {rates[1].start_usage_amount:g})"
    return f" (from {rates[number].start_usage_amount:g})"
