"""Prices over the wire: the right product among its neighbours, exact amounts, spot with the change before its window."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from servers.aws.inventory.scan import Scope
from servers.aws.prices.offers import bulk
from servers.aws.prices.port import LivePrices
from shared_models.errors import InvalidArgumentError
from tests.builders import settled
from tests.clouds.aws.endpoint import Endpoint
from tests.servers.aws.conftest import Clients

REGION = "eu-central-1"


@pytest.fixture
def port(aws: Endpoint, clients: Clients, tmp_path: Path) -> LivePrices:
    scope = Scope(accounts=(aws.ledger.payers[0],), regions=(REGION,))
    return LivePrices(clients, settled(scope), tmp_path / "prices", lambda: aws.now)


async def test_an_instance_has_its_shared_price_and_neither_its_dedicated_nor_its_free_one(
    aws: Endpoint, port: LivePrices
):
    aws.page_sizes["pricing"] = 2
    found = await port.page(
        {"service_name": "Amazon Elastic Compute Cloud", "region_id": REGION}, offset=0, limit=5_000
    )
    truth = aws.ledger.rows(
        "SELECT DISTINCT p.sku_id, p.list_unit_price AS price FROM price p JOIN line l ON l.sku_id = p.sku_id"
        " WHERE l.service_code = 'AmazonEC2' AND p.region_id = ? AND l.category = 'Usage'"
        " AND l.commitment_status IS NULL",
        [REGION],
    )
    standard = [one for one in found.items if one.pricing_category == "Standard"]

    assert sorted(one.list_unit_price for one in standard) == sorted(Decimal(str(row["price"])) for row in truth)
    assert all(one.currency == "USD" and one.region_id == REGION for one in standard)


async def test_a_reserved_term_is_the_hourly_fee_with_its_share_of_the_upfront_one(port: LivePrices):
    found = await port.page({"service_name": "AmazonEC2", "region_id": REGION}, offset=0, limit=5_000)
    standard = {one.sku_id: one.list_unit_price for one in found.items if one.pricing_category == "Standard"}
    reserved = [one for one in found.items if one.pricing_category == "Committed"]

    assert reserved
    for one in reserved:
        assert abs(one.list_unit_price - standard[one.sku_id] * Decimal("0.64")) < Decimal("1e-6")


async def test_spot_prices_reach_back_before_the_window_so_that_its_start_has_a_price(aws: Endpoint, port: LivePrices):
    found = await port.page({"service_name": "AmazonEC2", "region_id": REGION}, offset=0, limit=5_000)
    changes = [one for one in found.items if one.pricing_category == "Dynamic"]

    assert changes
    for sku in {one.sku_id for one in changes}:
        first = min(one.effective_from for one in changes if one.sku_id == sku and one.effective_from)
        assert first <= aws.now - timedelta(days=7)


async def test_a_question_without_a_service_is_refused_and_asks_nothing(aws: Endpoint, port: LivePrices):
    with pytest.raises(InvalidArgumentError):
        await port.page({}, offset=0, limit=5)

    assert aws.served == []


def test_a_bulk_file_gives_the_same_prices_to_the_last_digit():
    attributes = {"servicecode": "AmazonEC2", "regionCode": REGION, "instanceType": "m6i.large", "tenancy": "Shared", "capacitystatus": "Used", "operatingSystem": "Linux", "preInstalledSw": "NA", "operation": "RunInstances"}  # fmt: skip
    term = {"sku": "A", "offerTermCode": "T", "effectiveDate": "2026-10-01T00:00:00Z", "priceDimensions": {"A.T.R": {"unit": "Hrs", "description": "d", "beginRange": "0", "pricePerUnit": {"USD": "0.1150000001"}}}}  # fmt: skip
    products = {
        "A": {"sku": "A", "attributes": attributes},
        "B": {"sku": "B", "attributes": {**attributes, "tenancy": "Dedicated"}},
        "C": {"sku": "C", "attributes": {**attributes, "capacitystatus": "AllocatedCapacityReservation"}},
        "D": {"sku": "D", "attributes": {**attributes, "operatingSystem": "Windows"}},
    }
    terms = {"OnDemand": {sku: {f"{sku}.T": term} for sku in products}}

    found = list(bulk([json.dumps({"products": products, "terms": terms})], REGION))

    assert [(one.sku_id, one.list_unit_price) for one in found] == [("A", Decimal("0.1150000001"))]
