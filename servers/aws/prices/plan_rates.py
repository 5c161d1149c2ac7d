"""What an hour costs under a savings plan, by usage type and region."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from servers.aws.paging import pages
from shared_models.pricing import SkuPrice

_YEAR: Final = 31_536_000


def plan_rates(client: Any, region: str | None, product: str = "EC2") -> Iterator[SkuPrice]:
    """Rates of one-year plans without upfront for one product; blocking.

    Raises:
        botocore.exceptions.ClientError: as the SDK says it.

    """
    asked: dict[str, Any] = {"products": [product], "savingsPlanPaymentOptions": ["No Upfront"]}
    if region is not None:
        asked["filters"] = [{"name": "region", "values": [region]}]
    token = ("nextToken", "nextToken")
    for page in pages(client, "describe_savings_plans_offering_rates", asked, token=token):
        for rate in page["searchResults"]:
            offering = rate["savingsPlanOffering"]
            if offering.get("durationSeconds") != _YEAR:
                continue
            said = {one["name"]: one["value"] for one in rate.get("properties", ())}
            kind = f"{offering['planType']} Savings Plan"
            yield SkuPrice(
                sku_id=f"{rate['usageType']}:{rate.get('operation', '')}",
                sku_price_id=f"{offering['offeringId']}:{rate['usageType']}:{rate.get('operation', '')}",
                provider="aws",
                service_name=rate["serviceCode"],
                sku_description=f"{rate['usageType']} under a {kind}, one year, no upfront",
                region_id=said.get("region", region),
                pricing_category="Committed",
                pricing_unit=rate["unit"],
                list_unit_price=Decimal(rate["rate"]),
                currency=offering["currency"],
            )
