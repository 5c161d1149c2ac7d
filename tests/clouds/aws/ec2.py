"""What of EC2 is about prices and places: spot price history and regions. Inventory is moto's business.

A spot price changes every six hours: 41 % of the sample's list price, moved by up to five percent either way.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from tests.clouds.aws.call import Call
from tests.clouds.aws.errors import AwsError

_EVERY: Final = timedelta(hours=6)
_KEPT: Final = timedelta(days=90)
_SHARE: Final = Decimal("0.41")


def _spot(call: Call) -> dict[str, Any]:
    params = call.params
    end = min(params.get("EndTime") or call.now, call.now)
    start = max(params.get("StartTime") or call.now, call.now - _KEPT)
    types, products = params.get("InstanceTypes"), params.get("ProductDescriptions")
    for given in params.get("Filters", []):
        types = given["Values"] if given["Name"] == "instance-type" else types
        products = given["Values"] if given["Name"] == "product-description" else products
    rows = call.ledger.rows(
        "SELECT DISTINCT l.instance_type, p.list_unit_price AS price FROM price p JOIN line l ON l.sku_id = p.sku_id"
        " WHERE l.usage_type LIKE 'BoxUsage:%' AND p.region_id = ? ORDER BY l.instance_type",
        [call.region],
    )
    found = [
        change
        for row in rows
        if types is None or row["instance_type"] in types
        for zone in ("a", "b")
        if params.get("AvailabilityZone") in {None, call.region + zone}
        for change in _changes(row, call.region + zone, start, end)
        if products is None or change["ProductDescription"] in products
    ]
    page, more = call.page(found, invalid="InvalidParameterValue")
    return {"SpotPriceHistory": page, "NextToken": "", **more}


def _changes(row: Mapping[str, Any], zone: str, start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    """The changes of the period, the newest first, and the last one before it: that is the price at its start."""
    at = datetime.fromtimestamp(end.timestamp() // _EVERY.total_seconds() * _EVERY.total_seconds(), UTC)
    while True:
        drawn = hashlib.sha256(f"{row['instance_type']}|{zone}|{at}".encode()).digest()[0]
        price = row["price"] * _SHARE * (1 + (Decimal(drawn) - 128) / 2560)
        yield {
            "AvailabilityZone": zone,
            "InstanceType": row["instance_type"],
            "ProductDescription": "Linux/UNIX",
            "SpotPrice": f"{price:.6f}",
            "Timestamp": at,
        }
        if at <= start:
            return
        at -= _EVERY


def _regions(call: Call) -> dict[str, Any]:
    wanted = call.params.get("RegionNames")
    if wanted and set(wanted) - set(call.ledger.regions):
        raise AwsError("InvalidParameterValue", f"Invalid region names: {wanted}")
    return {
        "Regions": [
            {"RegionName": name, "Endpoint": f"ec2.{name}.amazonaws.com", "OptInStatus": "opt-in-not-required"}
            for name in call.ledger.regions
            if not wanted or name in wanted
        ]
    }


OPERATIONS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {
    "DescribeRegions": _regions,
    "DescribeSpotPriceHistory": _spot,
}
