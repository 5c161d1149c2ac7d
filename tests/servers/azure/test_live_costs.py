"""Live Azure costs: exports where they are, Query for the rest, and every way in which both can fail."""

import json
import shutil
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from tests.clouds.azure.blob import ACCOUNT
from tests.clouds.azure.endpoint import Endpoint
from tests.clouds.azure.exports import CONTAINER, FOCUS, ROOT
from tests.servers.azure.conftest import Server, Waited, told

OCTOBER = {"start": "2026-10-01", "end": "2026-11-01"}
THREE_MONTHS = {"start": "2026-09-01", "end": "2026-12-01"}
CENT = Decimal("0.01")


def sums(answer: dict) -> dict[tuple, Decimal]:
    """(bucket, currency, keys) -> amount."""
    found: dict[tuple, Decimal] = defaultdict(Decimal)
    for line in answer["data"]:
        found[line.get("bucket"), line["currency"], *line["keys"]] += Decimal(line["amount"])
    return found


async def every_line(server, **arguments) -> dict:
    """All pages of one answer as one."""
    answer = await told(server, "query_costs", limit=200, **arguments)
    lines, cursor = list(answer["data"]), answer["pagination"].get("next_cursor")
    while cursor:
        page = await told(server, "query_costs", limit=200, cursor=cursor, **arguments)
        lines += page["data"]
        cursor = page["pagination"].get("next_cursor")
    return {**answer, "data": lines}


def by_key(answer: dict) -> dict[tuple, Decimal]:
    return {key: round(amount, 2) for key, amount in sums(answer).items() if round(amount, 2)}


def by_ledger(azure: Endpoint, column: str) -> dict[tuple, Decimal]:
    return {
        (row["month"], row["currency"], row["account"], row["service"]): round(row["amount"], 2)
        for row in azure.ledger.rows(
            "SELECT strftime(day, '%Y-%m-01') AS month, currency, service,"
            " CASE WHEN subscription <> '' THEN '/subscriptions/' || subscription END AS account,"
            f" sum({column}) AS amount FROM line GROUP BY ALL"
        )
        if round(row["amount"], 2)
    }


@pytest.fixture
def container(azure_here: Endpoint, azure_containers: dict[str, Path], tmp_path: Path) -> Path:
    """A container of the test's own, that it may change."""
    folder = tmp_path / "container"
    shutil.copytree(azure_containers[CONTAINER] / ROOT / FOCUS, folder / ROOT / FOCUS)
    azure_here.containers[CONTAINER] = folder
    return folder


@pytest.mark.parametrize(("metric", "column"), [("BilledCost", "billed"), ("EffectiveCost", "effective")])
async def test_query_export_and_ledger_agree_to_the_cent(
    server: Server, azure_here: Endpoint, container: Path, metric: str, column: str
) -> None:
    assert container.name
    azure_here.page_sizes["query"] = 60
    asked = {**THREE_MONTHS, "metric": metric, "group_by": ["SubAccountId", "ServiceName"], "granularity": "month"}

    first = server()
    exported = await every_line(first, source="export", **asked)
    queried = await every_line(first, source="api", **asked)
    calls = len(azure_here.calls("costmanagement:Query"))
    again = await every_line(server(), source="api", **asked)

    ledger = by_ledger(azure_here, column)
    assert by_key(exported) == ledger
    assert by_key(queried) == ledger
    assert by_key(again) == ledger
    assert len(ledger) > 60
    assert len(azure_here.calls("costmanagement:Query")) == calls > 1
    assert "cache" in again["freshness"][0]["origin"]
    assert [gap["code"] for gap in exported["coverage"]["gaps"]] == ["ends_early"]
    assert queried["coverage"]["gaps"] == []


async def test_a_month_without_an_export_comes_from_query_and_says_so(server: Server, container: Path) -> None:
    shutil.rmtree(container / ROOT / FOCUS / "20261001-20261031")
    asked = {**THREE_MONTHS, "metric": "BilledCost", "group_by": ["SubAccountId"]}

    mixed = await every_line(server(), **asked)
    whole = await every_line(server(home="other"), source="api", **asked)

    assert by_key(mixed) == by_key(whole)
    origins = [fresh["origin"] for fresh in mixed["freshness"]]
    assert any(origin.startswith(f"cost export azure://{ACCOUNT}/") for origin in origins)
    assert any(origin.startswith("Cost Management ActualCost of billing profile") for origin in origins)
    assert "BilledCost is ActualCost of Cost Management" in mixed["notes"]


async def test_thirteen_months_over_fifty_subscriptions_take_the_fewest_calls_and_none_fails(
    server: Server, azure_here: Endpoint, waited: Waited
) -> None:
    chosen = tuple(one.id for one in azure_here.ledger.subscriptions[:50])
    asked = {"start": "2025-11-01", "end": "2026-12-01", "metric": "BilledCost", "group_by": ["SubAccountId"]}

    answer = await every_line(server(subscriptions=chosen, patience_seconds=7200), source="api", **asked)

    assert azure_here.calls("costmanagement:Query") == [200] * 100  # twelve months are the most that one call spans
    assert "2 calls of Cost Management" in answer["notes"]
    assert 3600 < sum(waited.waits) < 7200  # 650 units at 600 an hour
    ledger = azure_here.ledger.rows(
        "SELECT subscription, sum(billed) AS amount FROM line WHERE subscription IN (SELECT unnest(?)) GROUP BY ALL",
        [list(chosen)],
    )
    assert {key[-1]: amount for key, amount in sums(answer).items()} == {
        f"/subscriptions/{row['subscription']}": pytest.approx(row["amount"]) for row in ledger
    }
    assert answer["coverage"]["gaps"] == []


async def test_a_billing_scope_takes_two_calls_where_fifty_subscriptions_take_a_hundred(
    server: Server, azure_here: Endpoint
) -> None:
    asked = {"start": "2025-11-01", "end": "2026-12-01", "metric": "BilledCost", "group_by": ["SubAccountId"]}

    await told(server(), "query_costs", source="api", **asked)

    assert azure_here.calls("costmanagement:Query") == [200, 200]


async def test_a_quota_that_ends_leaves_a_gap_and_keeps_what_was_read(
    server: Server, azure_here: Endpoint, waited: Waited
) -> None:
    chosen = tuple(one.id for one in azure_here.ledger.subscriptions[:50])
    asked = {"start": "2025-12-01", "end": "2026-12-01", "metric": "BilledCost", "group_by": ["SubAccountId"]}

    impatient, patient = (server(subscriptions=chosen, patience_seconds=seconds) for seconds in (5, 7200))
    short = await told(impatient, "query_costs", source="api", limit=200, **asked)
    read = len(azure_here.calls("costmanagement:Query"))
    waited.now += 4000
    whole = await told(patient, "query_costs", source="api", limit=200, **asked)

    assert read < 50
    [gap] = short["coverage"]["gaps"]
    assert gap["code"] == "throttled"
    assert azure_here.calls("costmanagement:Query") == [200] * 50
    assert whole["coverage"]["gaps"] == []


FAULTS = {
    "throttled by our headers alone": lambda azure: azure.faults.throttle("costmanagement:Query", seconds=7, after=1),
    "503": lambda azure: azure.faults.add("costmanagement:Query", reason="unavailable", after=1, times=2),
    "token expired": lambda azure: azure.faults.expired_token("costmanagement:Query", after=1, times=1),
    "truncated": lambda azure: azure.faults.truncate("costmanagement:Query", after=1),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_between_pages_neither_loses_nor_doubles_anything(
    server: Server, azure_here: Endpoint, fault: str
) -> None:
    azure_here.page_sizes["query"] = 10
    FAULTS[fault](azure_here)
    asked = {**OCTOBER, "metric": "BilledCost", "group_by": ["SubAccountId", "ServiceName"]}

    answer = await every_line(server(), source="api", **asked)

    assert len(azure_here.calls("costmanagement:Query")) > 3
    [total] = azure_here.ledger.rows("SELECT sum(billed) AS amount FROM line WHERE month(day) = 10")
    assert sum(sums(answer).values()) == pytest.approx(total["amount"])
    assert answer["coverage"]["gaps"] == []


async def test_a_disabled_subscription_is_a_gap_and_the_others_answer(server: Server, azure_here: Endpoint) -> None:
    one, two = azure_here.ledger.subscriptions[:2]
    azure_here.disabled.add(one.id)

    answer = await told(
        server(subscriptions=(one.id, two.id)), "query_costs", source="api", group_by=["SubAccountId"], **OCTOBER
    )

    assert {line["keys"][0] for line in answer["data"]} == {f"/subscriptions/{two.id}"}
    [gap] = answer["coverage"]["gaps"]
    assert one.id in gap["message"]


async def test_what_query_cannot_answer_is_refused_with_what_it_can(server: Server) -> None:
    refused = await told(server(), "query_costs", source="api", group_by=["ServiceCategory"], **OCTOBER)
    list_cost = await told(server(), "query_costs", source="api", metric="ListCost", **OCTOBER)

    assert refused["error"]["code"] == list_cost["error"]["code"] == "source_not_enabled"
    assert "SubAccountId" in refused["error"]["hint"]
    assert "BilledCost" in list_cost["error"]["hint"]


async def test_only_changed_months_are_fetched_again_and_a_restated_one_counts(
    server: Server, azure_here: Endpoint, container: Path
) -> None:
    asked = {**THREE_MONTHS, "metric": "BilledCost", "granularity": "month", "source": "export"}
    before = await told(server(), "query_costs", **asked)
    fetched = azure_here.calls("blob:Get")
    azure_here.served.clear()
    same = await told(server(), "query_costs", **asked)
    unchanged = azure_here.calls("blob:Get")
    month = container / ROOT / FOCUS / "20261001-20261031"
    [run] = month.iterdir()
    later = month / "aaaaaaaa-0000-4000-8000-000000000001"
    shutil.copytree(run, later)
    manifest = json.loads((later / "manifest.json").read_text())
    manifest["runInfo"]["submittedTime"] = "2026-11-20T04:12:31.0000000Z"
    manifest["blobs"][0]["blobName"] = manifest["blobs"][0]["blobName"].replace(run.name, later.name)
    (later / "manifest.json").write_text(json.dumps(manifest))
    azure_here.served.clear()

    after = await told(server(), "query_costs", **asked)

    assert fetched
    assert same["data"] == before["data"] == after["data"]
    assert len(unchanged) <= 2  # at most the manifests of runs that were written in one second
    assert 2 <= len(azure_here.calls("blob:Get")) <= 6


async def test_a_token_that_expires_while_blobs_are_listed_is_replaced(
    server: Server, azure_here: Endpoint, container: Path
) -> None:
    assert container.name
    azure_here.page_sizes["blob"] = 3
    azure_here.faults.expired_token("blob:*", after=2, times=1)

    answer = await told(server(), "query_costs", source="export", metric="BilledCost", **THREE_MONTHS)

    [total] = azure_here.ledger.rows("SELECT sum(billed) AS amount FROM line")
    assert "totals" in answer, answer
    assert Decimal(answer["totals"][0]["amount"]) == pytest.approx(total["amount"])


async def test_no_key_of_the_storage_or_the_tenant_reaches_an_answer(server: Server, azure_here: Endpoint) -> None:
    azure_here.faults.access_denied("blob:*")

    answer = await told(server(), "query_costs", metric="BilledCost", **OCTOBER)

    said = json.dumps(answer)
    assert answer["data"]
    assert any(gap["code"] == "permission_denied" for gap in answer["coverage"]["gaps"])
    assert azure_here.identities.secret not in said
    assert not any(token.text in said for token in azure_here.identities.issued)
