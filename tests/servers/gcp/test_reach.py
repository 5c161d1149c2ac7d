"""Live inventory, recommendations and commitments through a real MCP client: the ledger's, and a gap for every refusal."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from servers.gcp import live
from tests.clouds.gcp.endpoint import Endpoint
from tests.clouds.gcp.errors import GoogleError
from tests.servers.gcp.conftest import Server, told

ORGANISATION = "organizations/472910385561"
DISK = "compute.googleapis.com/Disk"


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pacing keeps below Google's quotas; the endpoint has none, and its tests need not wait for them."""
    for service in ("cloudasset", "recommender", "monitoring"):
        monkeypatch.setitem(live.RATES, service, (10_000.0, 1_000))
    return


async def every(server: Any, tool: str, **asked: Any) -> list[dict[str, Any]]:
    """All pages of a tool."""
    page = await told(server, tool, limit=50, **asked)
    items = page["data"]
    while page["pagination"].get("next_cursor"):
        page = await told(server, tool, limit=50, cursor=page["pagination"]["next_cursor"], **asked)
        items += page["data"]
    return items


def gaps(page: dict[str, Any]) -> list[dict[str, Any]]:
    """What an answer says is missing."""
    return page["coverage"]["gaps"]


async def test_the_inventory_is_the_ledgers(signed_in: Endpoint, server: Server) -> None:
    signed_in.page_sizes["AssetService"] = 20
    found = {one["resource_id"]: one for one in await every(server(), "list_resources")}

    rows = signed_in.ledger.rows("SELECT * FROM item WHERE native_type <> 'bigquery.googleapis.com/Project'")
    assert {row["resource_id"] for row in rows} <= found.keys()
    for row in rows:
        one = found[row["resource_id"]]
        assert (one["sub_account_id"], one["native_type"]) == (row["sub_account_id"], row["native_type"])
        assert one["resource_name"] == row["resource_name"]
        assert one.get("tags", {}) == row["tags"]
        if row["native_type"] == DISK:
            assert (one["size_gib"], one["sku"]) == (row["size_gib"], row["sku"])
            assert one.get("attached_to") == row["attached_to"]
            assert (one.get("unattached_since") is None) == (row["unattached_since"] is None)
    assert len(found) == len(rows) + 81 + 2
    assert set(signed_in.calls("AssetService.ListAssets")) == {200}


async def test_a_resource_has_the_name_that_the_bill_has_for_it(signed_in: Endpoint, server: Server) -> None:
    found = {
        name
        for one in await every(server(), "list_resources")
        for name in (one["resource_id"], *one.get("aliases", ()))
    }

    billed = {
        row["name"] for row in signed_in.ledger.rows("SELECT DISTINCT resource.global_name AS name FROM detailed")
    }
    assert len(found & billed) >= 10


async def test_one_project_that_refuses_is_a_gap_beside_the_other(signed_in: Endpoint, server: Server) -> None:
    rows = signed_in.ledger.rows("SELECT DISTINCT sub_account_id AS id FROM item ORDER BY 1 LIMIT 2")
    closed, open_ = (f"projects/{row['id']}" for row in rows)
    signed_in.policy.deny("cloudasset.*", closed)

    page = await told(server(scopes=(closed, open_)), "list_resources", limit=100)

    assert {one["sub_account_id"] for one in page["data"]} == {open_.partition("/")[2]}
    [gap] = [one for one in gaps(page) if one["code"] == "permission_denied" and "contents" not in one["message"]]
    assert closed in gap["message"]
    assert gap["hint"]


async def test_contents_that_may_not_be_listed_are_searched_for(signed_in: Endpoint, server: Server) -> None:
    signed_in.policy.deny("cloudasset.assets.listResource")

    page = await told(server(), "list_resources", resource_type="block_volume")

    disks = signed_in.ledger.rows(f"SELECT * FROM item WHERE native_type = '{DISK}'")
    assert {one["resource_id"] for one in page["data"]} == {row["resource_id"] for row in disks}
    assert {one["sub_account_id"] for one in page["data"]} == {row["sub_account_id"] for row in disks}
    assert all("size_gib" not in one for one in page["data"])
    assert [one["code"] for one in gaps(page)] == ["permission_denied"]


@pytest.mark.parametrize("fault", ["rate_limit", "backend_error"])
async def test_throttling_and_failures_in_mid_paging_are_waited_out(signed_in: Endpoint, server: Server, fault) -> None:
    signed_in.page_sizes["AssetService"] = 20
    getattr(signed_in.faults, fault)("AssetService.ListAssets", after=2, times=2)

    page = await told(server(), "list_resources", resource_type="block_volume")

    [counted] = signed_in.ledger.rows(f"SELECT count(*) AS n FROM item WHERE native_type = '{DISK}'")
    assert page["pagination"]["total_estimate"] == counted["n"]
    assert gaps(page) == []


async def test_what_was_read_before_a_lasting_failure_is_kept_and_the_rest_a_gap(
    signed_in: Endpoint, server: Server
) -> None:
    signed_in.page_sizes["AssetService"] = 20
    signed_in.faults.add(
        "AssetService.ListAssets", after=6, times=10**6, error=GoogleError("DEADLINE_EXCEEDED", "Deadline exceeded")
    )

    page = await told(server(patience_seconds=1), "list_resources", limit=100)

    assert 0 < page["pagination"]["total_estimate"] < 99
    [gap] = gaps(page)
    assert "read before that are kept" in gap["message"]
    assert gap["code"] == "deadline_exceeded"


async def test_a_page_that_comes_twice_counts_once(signed_in: Endpoint, server: Server) -> None:
    signed_in.page_sizes["AssetService"] = 20
    signed_in.faults.duplicate_page("AssetService.ListAssets", after=6)

    found = await every(server(), "list_resources")

    [counted] = signed_in.ledger.rows("SELECT count(*) AS n FROM item WHERE native_type NOT LIKE '%Project'")
    assert len(found) == counted["n"] + 81 + 2


async def test_recommendations_save_what_the_ledger_says_with_insights_as_evidence(
    signed_in: Endpoint, server: Server
) -> None:
    found = await every(server(), "list_recommendations")

    rows = signed_in.ledger.rows("SELECT * FROM advice")
    saved = {(one.get("resource_id"), one["action"]): Decimal(one["estimated_monthly_savings"]) for one in found}
    assert saved == {(row["resource_id"], row["action"]): row["estimated_monthly_savings"] for row in rows}
    assert [Decimal(one["estimated_monthly_savings"]) for one in found] == sorted(saved.values(), reverse=True)
    disk = next(one for one in found if one["evidence"]["recommender"] == "google.compute.disk.IdleResourceRecommender")
    assert disk["evidence"]["disk_iops.maximum"] == "0"
    assert disk["evidence"]["lastDetachTimestamp"]
    assert disk["lookback_days"] == 30
    assert disk["region_id"].count("-") == 1


async def test_a_project_whose_advice_is_refused_is_a_gap(signed_in: Endpoint, server: Server) -> None:
    [row] = signed_in.ledger.rows(
        "SELECT sub_account_id AS id FROM advice WHERE resource_type = 'block_volume' ORDER BY 1 LIMIT 1"
    )
    signed_in.policy.deny("recommender.compute.list", f"projects/{row['id']}")

    page = await told(server(), "list_recommendations")

    assert row["id"] not in {one.get("sub_account_id") for one in page["data"]}
    assert page["data"]
    assert {one["code"] for one in gaps(page)} == {"permission_denied"}
    assert all(row["id"] in one["message"] for one in gaps(page))


async def test_advice_without_its_insights_is_given_and_the_lack_said(signed_in: Endpoint, server: Server) -> None:
    signed_in.faults.access_denied("Recommender.ListInsights")

    page = await told(server(), "list_recommendations")

    [counted] = signed_in.ledger.rows("SELECT count(*) AS n FROM advice")
    assert page["pagination"]["total_estimate"] == counted["n"]
    assert "permission_denied" in {one["code"] for one in gaps(page)}


async def test_commitments_for_resources_have_their_term_and_payer(signed_in: Endpoint, server: Server) -> None:
    found = {one["commitment_discount_id"]: one for one in await every(server(), "list_commitments")}

    for row in signed_in.ledger.rows("SELECT * FROM commitment WHERE commitment_discount_category = 'Usage'"):
        one = found[row["commitment_discount_id"]]
        assert (one["billing_account_id"], one["status"]) == (row["billing_account_id"], row["status"])
        assert (one["start"][:10], one["end"][:10]) == (f"{row['start']:%Y-%m-%d}", f"{row['end']:%Y-%m-%d}")
        assert one.get("utilization") is None


async def test_nothing_secret_reaches_an_answer(signed_in: Endpoint, server: Server) -> None:
    canary = "ya29.CANARY-token-that-nobody-may-see"
    signed_in.faults.add("AssetService.*", times=10**6, error=GoogleError("PERMISSION_DENIED", f"no: {canary}"))

    assert canary not in str(await told(server(), "list_resources"))


async def test_spend_commitments_come_from_their_export_with_their_hourly_amount(
    signed_in: Endpoint, server: Server
) -> None:
    found = {one["commitment_discount_id"]: one for one in await every(server(), "list_commitments")}

    rows = signed_in.ledger.rows("SELECT * FROM commitment WHERE commitment_discount_category = 'Spend'")
    assert rows
    for row in rows:
        one = found[row["commitment_discount_id"]]
        assert Decimal(one["hourly_commitment"]) == row["hourly_commitment"]
        assert (one["currency"], one["status"], one["start"][:10]) == ("USD", "active", f"{row['start']:%Y-%m-%d}")
    assert len(found) == len(rows) + 2


async def test_a_machine_costs_what_the_price_list_says_and_no_trap_is_taken_for_it(
    signed_in: Endpoint, server: Server
) -> None:
    asked = {"service_name": "Compute Engine", "region_id": "europe-west1"}
    found = {one["sku_price_id"]: one for one in await every(server(), "list_prices", **asked)}

    for row in signed_in.ledger.rows(
        "SELECT regexp_extract(sku_description, '\\((.*)\\)', 1) AS machine, list_unit_price FROM price WHERE"
        " service_name = 'Compute Engine' AND region_id = 'europe-west1' AND sku_description LIKE '% instance (%'"
    ):
        machine = found.get(f"machine:{row['machine']}/europe-west1/on-demand")
        if row["machine"] == "e2-small":
            assert machine is None
            continue
        assert Decimal(machine["list_unit_price"]) == row["list_unit_price"]
        assert (machine["pricing_category"], machine["currency"]) == ("Standard", "USD")
        spot, year = (found[f"machine:{row['machine']}/europe-west1/{kind}"] for kind in ("spot", "1"))
        assert (spot["pricing_category"], year["pricing_category"]) == ("Dynamic", "Committed")
        assert Decimal(spot["list_unit_price"]) < Decimal(year["list_unit_price"]) < row["list_unit_price"]


async def test_the_contract_price_stands_beside_the_list_price_and_a_free_tier_says_so(
    signed_in: Endpoint, server: Server
) -> None:
    found = await every(server(), "list_prices", service_name="Cloud Logging", region_id="europe-west1")

    [row] = signed_in.ledger.rows(
        "SELECT * FROM price WHERE service_name = 'Cloud Logging' AND region_id = 'europe-west1'"
    )
    free, paid = sorted(found, key=lambda one: Decimal(one["list_unit_price"]))
    assert free["sku_description"].endswith("(free up to 50)")
    assert Decimal(paid["list_unit_price"]) == row["list_unit_price"]
    assert Decimal(paid["contracted_unit_price"]) == row["contracted_unit_price"]


async def test_list_prices_are_given_without_the_export_and_the_lack_is_said(
    signed_in: Endpoint, server: Server
) -> None:
    signed_in.faults.access_denied("bigquery.jobs.insert")

    page = await told(server(), "list_prices", service_name="Cloud Logging", region_id="europe-west1")

    assert page["data"]
    assert all("contracted_unit_price" not in one for one in page["data"])
    assert [one["code"] for one in gaps(page)] == ["permission_denied"]


async def test_prices_without_a_service_are_refused_with_a_hint(server: Server) -> None:
    refused = await told(server(), "list_prices")

    assert refused["error"]["code"] == "invalid_argument"


async def test_use_is_the_ledgers_and_one_request_serves_a_whole_project(signed_in: Endpoint, server: Server) -> None:
    found = await every(server(), "query_usage")

    days = {
        (row["resource_id"], row["metric"], f"{row['start']:%Y-%m-%d}"): row
        for row in signed_in.ledger.rows("SELECT * FROM metric")
    }
    assert len(found) >= 28
    for one in found:
        day = days[one["resource_id"], one["metric"], one["start"][:10]]
        assert one["p95"] == pytest.approx(day["p95"])
        assert one["maximum"] == pytest.approx(day["maximum"])
        if one["unit"] == "Percent":  # no day has the ledger's bytes: their average lies below what their p95 allows
            assert one["average"] == pytest.approx(day["average"], rel=0.02)
        assert one["samples"] == 288
    asked = signed_in.calls("MetricService.ListTimeSeries")
    assert len(asked) < len({(one["resource_id"], one["metric"], one["start"]) for one in found})


async def test_use_of_a_project_that_refuses_is_a_gap(signed_in: Endpoint, server: Server) -> None:
    [row] = signed_in.ledger.rows(
        "SELECT i.sub_account_id AS id FROM metric JOIN item i USING (resource_id) WHERE native_type LIKE 'compute%Instance'"
        " ORDER BY 1 LIMIT 1"
    )
    signed_in.policy.deny("monitoring.timeSeries.list", f"projects/{row['id']}")

    page = await told(server(), "query_usage", limit=10)

    assert page["data"]
    assert all(f"projects/{row['id']}" in one["message"] for one in gaps(page))
    assert {one["code"] for one in gaps(page)} == {"permission_denied"}
