"""The Catalog API: services and SKUs over the sample's prices, machines taken apart into core and RAM as Google sells them.

No SKU prices a machine: n2-standard-8 is eight times "N2 Instance Core" and 32 times "N2 Instance Ram", which add up to
the sample's price exactly. Beside them stand the SKUs that a careless match would take: custom, spot, committed and sole
tenancy. Their factors on the on-demand price are fixed here (the sample has no truth of them), but for commitments, whose
discounts are the contract's. Shared-core machines have a SKU of their own. Some SKUs begin with a free tier.
"""

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any, Final

from google.cloud import billing_v1 as api
from google.protobuf.timestamp_pb2 import Timestamp

from tests.clouds.gcp.call import Call
from tests.clouds.gcp.errors import invalid, not_found, unimplemented
from tests.clouds.gcp.ledger import Ledger
from tests.clouds.gcp.money import money

MACHINES: Final = {
    "n1-standard-2": ("N1 Predefined", 2, Decimal("7.5")),
    "n2-standard-8": ("N2", 8, Decimal(32)),
    "n2-highmem-32": ("N2", 32, Decimal(256)),
    "m2-ultramem-208": ("Memory-optimized", 208, Decimal(5888)),
}
"""Machine -> its family as SKUs name it, vCPUs and GiB, by Google's list of machine types."""
VARIANTS: Final = (
    ("{family} Instance {part} running in {place}", "OnDemand", Decimal(1)),
    ("Spot Preemptible {family} Instance {part} running in {place}", "Preemptible", Decimal("0.3")),
    ("{family} Custom Instance {part} running in {place}", "OnDemand", Decimal("1.05")),
    ("{family} Sole Tenancy Instance {part} running in {place}", "OnDemand", Decimal("1.1")),
    ("Commitment v1: {family} {part} in {place} for 1 Year", "Commit1Yr", Decimal("0.63")),
    ("Commitment v1: {family} {part} in {place} for 3 Year", "Commit3Yr", Decimal("0.45")),
)
UNITS: Final = {"hour": "h", "gibibyte month": "GiBy.mo", "gibibyte": "GiBy", "tebibyte": "TiBy", "vcpu second": "s"}
FREE: Final = {"CPU allocation time": 180_000, "Log storage cost": 50}
"""SKUs whose first so many units cost nothing."""
_NANO: Final = Decimal("0.000000001")


def list_services(call: Call) -> api.ListServicesResponse:
    """Every service that has prices."""
    page, token = call.page([_service(row) for row in _services(call.ledger)], default=5000, most=5000)
    return api.ListServicesResponse(services=page, next_page_token=token)


def list_skus(call: Call) -> api.ListSkusResponse:
    """The SKUs of a service."""
    call.refuse("start_time", "end_time")
    if call.request.currency_code not in {"", "USD"}:
        raise unimplemented("prices in other currencies: the ledger has no rates for them")
    found = [row for row in _services(call.ledger) if f"services/{row['id']}" == call.request.parent]
    if not found:
        raise not_found(f"Service {call.request.parent} not found.")
    page, token = call.page(_skus(call.ledger, str(found[0]["id"])), default=5000, most=5000)
    if call.request.page_size > 5000:
        raise invalid("page_size must be at most 5000")
    return api.ListSkusResponse(skus=page, next_page_token=token)


def _services(ledger: Ledger) -> list[dict[str, Any]]:
    return ledger.rows(
        "SELECT DISTINCT s.id, s.name FROM service s JOIN price p ON p.service_name = s.name ORDER BY id"
    )


def _service(row: dict[str, Any]) -> api.Service:
    return api.Service(
        name=f"services/{row['id']}",
        service_id=row["id"],
        display_name=row["name"],
        business_entity_name="businessEntities/GCP",
    )


@cache
def _skus(ledger: Ledger, service: str) -> list[api.Sku]:
    rows = ledger.rows(
        "SELECT p.*, s.id AS service, coalesce(n.place, p.region_id) AS place, regexp_extract(sku_description,"
        " '\\((.*)\\)', 1) AS machine FROM price p JOIN service s ON s.name = p.service_name LEFT JOIN (SELECT RegionId,"
        " any_value(RegionName) AS place FROM focus GROUP BY ALL) n ON n.RegionId = p.region_id"
        " WHERE s.id = ? ORDER BY p.sku_id, p.region_id",
        [service],
    )
    plain = [
        _sku(row, str(row["sku_description"]), Decimal(str(row["list_unit_price"])))
        for row in rows
        if row["machine"] not in MACHINES
    ]
    return [*plain, *_parts([row for row in rows if row["machine"] in MACHINES])]


def _parts(rows: list[dict[str, Any]]) -> Iterator[api.Sku]:
    """Core and RAM of each family and region, in every variant."""
    families: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        families.setdefault((MACHINES[row["machine"]][0], row["region_id"]), []).append(row)
    for (family, _), members in families.items():
        for part, price in zip(("Core", "Ram"), _split(members), strict=True):
            for template, usage_type, factor in VARIANTS:
                text = template.format(family=family, part=part, place=members[0]["place"])
                group = "N1Standard" if family.startswith("N1") else {"Core": "CPU", "Ram": "RAM"}[part]
                yield _sku(members[0], text, (price * factor).quantize(_NANO), group, usage_type, per_gib=part == "Ram")


def _split(members: list[dict[str, Any]]) -> tuple[Decimal, Decimal]:
    """The prices of a vCPU and a GiB an hour from which every machine of the family costs exactly what it costs."""
    shapes = [(*MACHINES[row["machine"]][1:], Decimal(str(row["list_unit_price"]))) for row in members]
    cores, gib, price = shapes[0]
    if len(shapes) == 2:
        more_cores, more_gib, more = shapes[1]
        ram = (more - price * more_cores / cores) / (more_gib - gib * more_cores / cores)
        return (price - gib * ram) / cores, ram
    ram = (price / 3 / gib).quantize(_NANO)
    while ((price - gib * ram) / cores) % _NANO:
        ram += _NANO
    return (price - gib * ram) / cores, ram


def _sku(row: dict[str, Any], text: str, price: Decimal, group: str | None = None, usage_type: str = "OnDemand", *, per_gib: bool = False) -> api.Sku:  # fmt: skip
    number = row["sku_id"] if group is None else _number(f"{text}/{row['region_id']}")
    unit = "GiBy.h" if per_gib else UNITS.get(row["pricing_unit"], row["pricing_unit"])
    tiers = [(0, price)] if text not in FREE else [(0, Decimal(0)), (FREE[text], price)]
    return api.Sku(
        name=f"services/{row['service']}/skus/{number}",
        sku_id=number,
        description=text,
        category=api.Category(
            service_display_name=row["service_name"],
            resource_family="Compute"
            if group
            else "Network"
            if row["service_name"] == "Networking"
            else "ApplicationServices",
            resource_group=group or "Other",
            usage_type=usage_type,
        ),
        service_regions=[row["region_id"]] if row["region_id"] else ["global"],
        pricing_info=[_pricing(row, unit, tiers)],
        service_provider_name="Google",
        geo_taxonomy=api.GeoTaxonomy(type_=api.GeoTaxonomy.Type.REGIONAL, regions=[row["region_id"]]),
    )


def _pricing(row: dict[str, Any], unit: str, tiers: list[tuple[int, Decimal]]) -> api.PricingInfo:
    since = Timestamp()
    since.FromDatetime(row["effective_from"])
    rate = api.PricingExpression.TierRate
    return api.PricingInfo(
        effective_time=since,
        pricing_expression=api.PricingExpression(
            usage_unit=unit,
            usage_unit_description="gibibyte hour" if unit == "GiBy.h" else row["pricing_unit"],
            display_quantity=1,
            tiered_rates=[rate(start_usage_amount=start, unit_price=money(price, "USD")) for start, price in tiers],
        ),
        currency_conversion_rate=1,
    )


def _number(text: str) -> str:
    """A SKU's number, drawn from what it is."""
    digest = hashlib.sha256(text.encode()).hexdigest().upper()
    return f"{digest[:4]}-{digest[4:8]}-{digest[8:12]}"


OPERATIONS: Final = {"CloudCatalog.ListServices": list_services, "CloudCatalog.ListSkus": list_skus}
