"""Spot prices: the changes of a window per zone, and the price at its start, which is an older change."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from servers.aws.paging import pages
from shared_models.pricing import SkuPrice

DAYS: Final = 7
_LINUX: Final = "Linux/UNIX"


def spot(client: Any, region: str, until: datetime, types: Sequence[str] = ()) -> Iterator[SkuPrice]:
    """Every change of the last days, a change holds until the next; blocking.

    Raises:
        botocore.exceptions.ClientError: as the SDK says it.

    """
    asked: dict[str, Any] = {
        "StartTime": until - timedelta(days=DAYS),
        "EndTime": until,
        "ProductDescriptions": [_LINUX],
        **({"InstanceTypes": list(types)} if types else {}),
    }
    for page in pages(client, "describe_spot_price_history", asked):
        for change in page["SpotPriceHistory"]:
            zone, kind = change["AvailabilityZone"], change["InstanceType"]
            yield SkuPrice(
                sku_id=f"spot:{kind}:{zone}",
                provider="aws",
                service_name="Amazon Elastic Compute Cloud",
                sku_description=f"{kind} {_LINUX} spot instance hour in {zone}",
                region_id=region,
                pricing_category="Dynamic",
                pricing_unit="Hrs",
                list_unit_price=Decimal(change["SpotPrice"]),
                currency="USD",
                effective_from=change["Timestamp"].astimezone(UTC),
            )
