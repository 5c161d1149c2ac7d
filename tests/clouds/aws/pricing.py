"""The Price List Query API over the sample's prices: products as JSON strings, with the neighbours that mislead.

An instance type comes three times for each region, as in the real list: Shared and Used (the price of the sample),
Dedicated (ten percent dearer), and as an allocated capacity reservation (free). Reserved terms are 36 % off (one year).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from tests.clouds.aws.call import Call
from tests.clouds.aws.errors import AwsError
from tests.clouds.aws.ledger import amount

ENDPOINTS: Final = ("us-east-1", "eu-central-1", "ap-south-1")
_HOURS: Final = 8760
_RESERVED: Final = Decimal("0.64")
_VARIANTS: Final = (
    ("Shared", "Used", Decimal(1)),
    ("Dedicated", "Used", Decimal("1.1")),
    ("Shared", "AllocatedCapacityReservation", Decimal(0)),
)


def _products(call: Call) -> Iterator[dict[str, Any]]:
    """Every product of every region, with its attributes and terms."""
    if call.region not in ENDPOINTS:
        raise AwsError("UnrecognizedClientException", f"pricing has no endpoint in {call.region}")
    rows = call.ledger.rows(
        "SELECT DISTINCT p.*, u.service_code, u.usage_type, u.operation, u.instance_type, u.instance_family FROM price p"
        " JOIN (SELECT DISTINCT sku_id, service_code, usage_type, operation, instance_type, instance_family FROM line"
        " WHERE category = 'Usage' AND sku_id IS NOT NULL AND commitment_status IS NULL) u ON u.sku_id = p.sku_id"
        " ORDER BY p.sku_id, p.region_id"
    )
    for row in rows:
        is_instance = row["instance_type"] != "NoInstanceType" and row["service_code"] == "AmazonEC2"
        for tenancy, status, factor in _VARIANTS if is_instance else _VARIANTS[:1]:
            yield _product(row, tenancy, status, factor, is_instance=is_instance)


def _product(
    row: Mapping[str, Any], tenancy: str, status: str, factor: Decimal, *, is_instance: bool
) -> dict[str, Any]:
    sku = f"{row['sku_id']}{row['region_id'].replace('-', '').upper()}{tenancy[0]}{status[0]}"
    attributes = {
        "servicecode": row["service_code"],
        "servicename": row["service_name"],
        "regionCode": row["region_id"],
        "locationType": "AWS Region",
        "usagetype": row["usage_type"],
        "operation": row["operation"],
    }
    if row["instance_type"] != "NoInstanceType":
        attributes["instanceType"] = row["instance_type"]
    if is_instance:
        attributes |= {
            "tenancy": tenancy,
            "capacitystatus": status,
            "operatingSystem": "Linux",
            "preInstalledSw": "NA",
            "licenseModel": "No License required",
            "marketoption": "OnDemand",
        }
    price = row["list_unit_price"] * factor
    terms = {"OnDemand": {f"{sku}.JRTCKXETXF": _on_demand(row, sku, price)}}
    if is_instance and price:
        terms["Reserved"] = {f"{sku}.{code}": term for code, term in _reserved(row, sku, price * _RESERVED)}
    family = "Compute Instance" if is_instance else row["service_name"]
    return {
        "product": {"productFamily": family, "attributes": attributes, "sku": sku},
        "serviceCode": row["service_code"],
        "terms": terms,
        "version": f"{row['effective_from']:%Y%m%d%H%M%S}",
        "publicationDate": f"{row['effective_from']:%Y-%m-%dT%H:%M:%SZ}",
    }


def _dimension(row: Mapping[str, Any], code: str, unit: str, price: Decimal) -> dict[str, Any]:
    return {
        "unit": unit,
        "beginRange": "0",
        "endRange": "Inf",
        "description": f"{amount(price)} USD per {unit} {row['sku_description']}",
        "appliesTo": [],
        "rateCode": code,
        "pricePerUnit": {"USD": f"{price:.10f}"},
    }


def _on_demand(row: Mapping[str, Any], sku: str, price: Decimal) -> dict[str, Any]:
    code = f"{sku}.JRTCKXETXF.6YS6EN2CT7"
    return _term(row, sku, "JRTCKXETXF", {code: _dimension(row, code, row["pricing_unit"], price)}, {})


def _reserved(row: Mapping[str, Any], sku: str, price: Decimal) -> Iterator[tuple[str, dict[str, Any]]]:
    for code, option, hourly, upfront in (
        ("4NA7Y494T4", "No Upfront", price, Decimal(0)),
        ("6QCMYABX3D", "All Upfront", Decimal(0), price * _HOURS),
    ):
        parts = {f"{sku}.{code}.6YS6EN2CT7": _dimension(row, f"{sku}.{code}.6YS6EN2CT7", "Hrs", hourly)}
        if upfront:
            parts[f"{sku}.{code}.2TG2D8R56U"] = _dimension(row, f"{sku}.{code}.2TG2D8R56U", "Quantity", upfront)
        terms = {"LeaseContractLength": "1yr", "OfferingClass": "standard", "PurchaseOption": option}
        yield code, _term(row, sku, code, parts, terms)


def _term(
    row: Mapping[str, Any], sku: str, code: str, dimensions: Mapping[str, Any], attributes: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "priceDimensions": dimensions,
        "sku": sku,
        "effectiveDate": f"{row['effective_from']:%Y-%m-%dT%H:%M:%SZ}",
        "offerTermCode": code,
        "termAttributes": attributes,
    }


def _fits(product: Mapping[str, Any], given: Mapping[str, str]) -> bool:
    attributes = {**product["product"]["attributes"], "productFamily": product["product"]["productFamily"]}
    attributes["sku"] = product["product"]["sku"]
    value, wanted = attributes.get(given["Field"]), given["Value"]
    if given["Type"] == "NONE_OF":
        return value not in wanted.split(",")
    if value is None:
        return False
    return {
        "TERM_MATCH": value == wanted,
        "EQUALS": value == wanted,
        "CONTAINS": wanted in value,
        "ANY_OF": value in wanted.split(","),
    }[given["Type"]]


def _get_products(call: Call) -> dict[str, Any]:
    filters = call.params.get("Filters") or []
    found = [
        json.dumps(product)
        for product in _products(call)
        if product["serviceCode"] == call.params["ServiceCode"] and all(_fits(product, given) for given in filters)
    ]
    page, more = call.page(found)
    return {"FormatVersion": "aws_v1", "PriceList": page, **more}


def _services(call: Call) -> dict[str, Any]:
    names: dict[str, set[str]] = {}
    for product in _products(call):
        names.setdefault(product["serviceCode"], {"productFamily"}).update(product["product"]["attributes"])
    wanted = call.params.get("ServiceCode")
    listed = [
        {"ServiceCode": code, "AttributeNames": sorted(attributes)}
        for code, attributes in sorted(names.items())
        if wanted in {None, code}
    ]
    page, more = call.page(listed)
    return {"Services": page, "FormatVersion": "aws_v1", **more}


def _values(call: Call) -> dict[str, Any]:
    name = call.params["AttributeName"]
    found = {
        product["product"]["attributes"].get(name)
        for product in _products(call)
        if product["serviceCode"] == call.params["ServiceCode"]
    }
    page, more = call.page(sorted(value for value in found if value))
    return {"AttributeValues": [{"Value": value} for value in page], **more}


OPERATIONS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {
    "DescribeServices": _services,
    "GetAttributeValues": _values,
    "GetProducts": _get_products,
}
