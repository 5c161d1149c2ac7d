"""The Retail Prices API: public list prices of the sample's meters, filtered and paged as prices.azure.com does."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from tests.clouds.azure.call import Call, Operation
from tests.clouds.azure.errors import bad_request, not_implemented
from tests.clouds.azure.ledger import identifier

_PAGE: Final = 1000
_TERM: Final = re.compile(r"(\w+) (eq|ne) '((?:[^']|'')*)'|contains\((\w+), ?'((?:[^']|'')*)'\)")


def prices(call: Call) -> dict[str, Any]:
    """GET prices: a page, the next one at NextPageLink. Filters join terms with `and` and mind case; dollars only."""
    if call.query.get("currencyCode", "USD").strip("'") != "USD":
        raise not_implemented("retail prices in another currency: only dollars are authoritative")
    terms = call.query.get("$filter", "")
    rows = call.ledger.rows("SELECT * FROM price ORDER BY sku_price_id, region_id")
    found = [item for item in map(_item, rows) if _keeps(item, terms)]
    start = int(call.query.get("$skip", 0))
    size = call.endpoint.page_sizes.get("retail", _PAGE)
    page = found[start : start + size]
    more = f"{call.endpoint.url}{call.path}?" + "&".join(
        f"{name}={quote(value)}" for name, value in {**call.query, "$skip": str(start + size)}.items()
    )
    return {
        "BillingCurrency": "USD", "CustomerEntityId": "Default", "CustomerEntityType": "Retail", "Items": page,
        "NextPageLink": more if start + size < len(found) else None, "Count": len(page),
    }  # fmt: skip


def _item(row: Mapping[str, Any]) -> dict[str, Any]:
    price = float(row["list_unit_price"])
    service, sku, unit = row["service_name"], row["sku_id"], str(row["pricing_unit"])
    machine = service == "Virtual Machines"
    size = str(row["sku_description"]).removesuffix(" VM hour")
    return {
        "currencyCode": "USD", "tierMinimumUnits": 0.0, "retailPrice": price, "unitPrice": price, "armRegionName": row["region_id"],
        "location": row["region_id"], "effectiveStartDate": f"{row['effective_from']:%Y-%m-%dT%H:%M:%SZ}",
        "meterId": identifier("meter", row["sku_price_id"], row["region_id"]), "meterName": row["sku_description"],
        "productId": sku, "skuId": f"{sku}/{row['sku_price_id']}", "productName": service, "skuName": size, "serviceName": service,
        "serviceId": sku, "serviceFamily": "Compute" if machine else "Other", "unitOfMeasure": unit, "type": "Consumption",
        "isPrimaryMeterRegion": True, "armSkuName": f"Standard_{size.replace(' ', '_')}" if machine else "",
    }  # fmt: skip


def _keeps(item: Mapping[str, Any], text: str) -> bool:
    for term in filter(None, text.split(" and ")):
        said = _TERM.fullmatch(term.strip())
        if said is None:
            raise not_implemented(f"retail prices with $filter {term}")
        name, value = said[1] or said[4], (said[3] if said[1] else said[5]).replace("''", "'")
        if name not in item:
            raise bad_request(f"Invalid OData parameters supplied: {name}")
        holds = value in str(item[name]) if said[4] else (str(item[name]) == value) == (said[2] == "eq")
        if not holds:
            return False
    return True


OPERATIONS: Final = (
    Operation(
        "retail:Prices", "GET", "/api/retail/prices", prices,
        query=frozenset({"$filter", "$skip", "$top", "currencyCode", "meterRegion"}),
    ),
)  # fmt: skip
