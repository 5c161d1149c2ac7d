"""Products and terms of the AWS price list, as the Query API and the bulk files both write them, as SkuPrice."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from servers.aws.paging import pages
from servers.kit.live.values import instant
from shared_models.pricing import SkuPrice

ENDPOINTS: Final = ("us-east-1", "eu-central-1", "ap-south-1")
"""Where the Query API answers; it answers for all regions."""
HOURS: Final = {"1yr": Decimal(8_760), "1 yr": Decimal(8_760), "3yr": Decimal(26_280), "3 yr": Decimal(26_280)}
_VIRTUAL_MACHINES: Final = {
    "tenancy": "Shared",
    "capacitystatus": "Used",
    "preInstalledSw": "NA",
    "operatingSystem": "Linux",
    "licenseModel": "No License required",
    "operation": "RunInstances",
}
"""What makes one price of an instance type: others are dedicated tenancy, reserved capacity (free), software."""


def listed(client: Any, service: str, region: str | None, attributes: Mapping[str, str]) -> Iterator[SkuPrice]:
    """Prices of one service by the Query API; virtual machines are narrowed to shared, used, plain Linux. Blocking.

    Raises:
        botocore.exceptions.ClientError: as the SDK says it.

    """
    given = dict(attributes) if region is None else {"regionCode": region, **attributes}
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in given.items()]
    for page in pages(client, "get_products", {"ServiceCode": service, "Filters": filters}):
        for text in page["PriceList"]:
            offer = json.loads(text, parse_float=Decimal)
            if is_plain(offer["product"]["attributes"]):
                yield from prices_of(offer["product"], offer.get("terms", {}))


def bulk(text: Iterable[str], region: str | None = None) -> Iterator[SkuPrice]:
    """Prices of one service from its bulk offer file (index.json), narrowed in the same way; the file is read whole.

    Raises:
        ValueError: it is no offer file.

    """
    offer = json.loads("".join(text), parse_float=Decimal)
    terms: Mapping[str, Any] = offer["terms"]
    for sku, product in offer["products"].items():
        attributes = product.get("attributes", {})
        if is_plain(attributes) and region in {None, attributes.get("regionCode")}:
            yield from prices_of(product, {kind: of[sku] for kind, of in terms.items() if sku in of})


def is_plain(attributes: Mapping[str, str]) -> bool:
    """Whether a product is what a bill means by its type: no dedicated tenancy, no reserved capacity, no software."""
    if "tenancy" not in attributes or "instanceType" not in attributes or "capacitystatus" not in attributes:
        return True
    return all(attributes.get(name, value) == value for name, value in _VIRTUAL_MACHINES.items())


def prices_of(product: Mapping[str, Any], terms: Mapping[str, Any]) -> Iterator[SkuPrice]:
    """Every price of one product: on demand by tier, and reserved as the effective price of an hour."""
    for term in terms.get("OnDemand", {}).values():
        for code, dimension in sorted(term["priceDimensions"].items()):
            for currency, price in dimension["pricePerUnit"].items():
                yield _price(product, term, code, "Standard", dimension, currency, Decimal(price))
    for term in terms.get("Reserved", {}).values():
        yield from _reserved(product, term)


def _reserved(product: Mapping[str, Any], term: Mapping[str, Any]) -> Iterator[SkuPrice]:
    """Hourly fee plus the upfront one over the hours of the term."""
    said = term["termAttributes"]
    hours = HOURS.get(said.get("LeaseContractLength", ""))
    dimensions = list(term["priceDimensions"].values())
    hourly = next((one for one in dimensions if one["unit"].lower().startswith(("hrs", "hour"))), None)
    if hours is None or not dimensions:
        return
    for currency in sorted({currency for one in dimensions for currency in one["pricePerUnit"]}):
        fees = [Decimal(one["pricePerUnit"].get(currency, 0)) for one in dimensions if one["unit"] == "Quantity"]
        running = Decimal(hourly["pricePerUnit"].get(currency, 0)) if hourly else Decimal(0)
        effective = (running + sum(fees, Decimal(0)) / hours).quantize(Decimal("1e-10"))
        what = f"{said['LeaseContractLength']} {said.get('OfferingClass', '')} {said.get('PurchaseOption', '')}"
        named = {"description": f"{what}: effective price of an hour", "unit": "Hrs"}
        yield _price(product, term, f"{term['sku']}.{term['offerTermCode']}", "Committed", named, currency, effective)


def _price(
    product: Mapping[str, Any],
    term: Mapping[str, Any],
    code: str,
    category: str,
    dimension: Mapping[str, Any],
    currency: str,
    price: Decimal,
) -> SkuPrice:
    attributes = product["attributes"]
    begins = str(dimension.get("beginRange", "0"))
    tier = "" if begins in {"0", "0.0"} else f" (from {begins})"
    effective: datetime | None = instant(term.get("effectiveDate"))
    return SkuPrice(
        sku_id=product["sku"],
        sku_price_id=code,
        provider="aws",
        service_name=attributes.get("servicename") or attributes.get("servicecode") or "",
        sku_description=f"{dimension.get('description') or attributes.get('usagetype', '')}{tier}",
        region_id=attributes.get("regionCode"),
        pricing_category=category,
        pricing_unit=dimension["unit"],
        list_unit_price=price,
        currency=currency,
        effective_from=effective,
    )
