"""The orchestrator with its cloud servers, in one process, over a small sample organisation."""

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from mcp import Client

from orchestrator.federation.upstream import Upstream
from orchestrator.server import build_orchestrator
from orchestrator.settings import load_settings
from servers.kit.settings import Settings as ServerSettings
from servers.sample.generate import generate
from skyledger.clouds import CLOUDS, build_cloud


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "sample"
    generate(folder, rows=3_000, months=2)
    return folder


def orchestrator(sample: Path, home: Path, *, replaced: dict[str, object] | None = None):
    servers = {cloud: build_cloud(cloud, ServerSettings(home=home, exports=sample / cloud)) for cloud in CLOUDS} | (
        replaced or {}
    )
    settings = load_settings({"SKYLEDGER_HOME": str(home)})
    return build_orchestrator(settings, [Upstream(name, target, connect_seconds=3) for name, target in servers.items()])


async def call(client: Client, tool: str, arguments: dict) -> dict:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content[0].text
    return result.structured_content


async def test_a_sync_brings_exactly_what_the_answer_key_has(sample: Path, tmp_path: Path) -> None:
    async with Client(orchestrator(sample, tmp_path)) as client:
        first = await call(client, "finops_sync", {"wait_seconds": 300})
        second = await call(client, "finops_sync", {"wait_seconds": 300})
        answer = await call(
            client, "finops_query_costs", {"start": "2025-01-01", "end": "2027-01-01", "metric": "BilledCost"}
        )

    with duckdb.connect() as connection:
        key = connection.execute(
            "SELECT currency, sum(billed_cost::DECIMAL(38,12)) FROM"
            f" read_csv('{sample}/answer-key/totals.csv', all_varchar=true) GROUP BY 1"
        ).fetchall()
    assert first["coverage"]["complete"]
    assert all(cloud["parts_added"] == 0 for cloud in second["clouds"])
    assert {t["currency"]: Decimal(t["amount"]) for t in answer["totals"]} == dict(key)


async def test_a_cloud_that_is_not_there_is_a_gap_and_the_others_answer(sample: Path, tmp_path: Path) -> None:
    app = orchestrator(sample, tmp_path, replaced={"azure": "http://127.0.0.1:9/mcp"})

    async with Client(app) as client:
        answer = await call(client, "finops_list_recommendations", {"limit": 2})

    assert answer["coverage"]["answered"] == ["aws", "gcp"]
    [gap] = answer["coverage"]["gaps"]
    assert (gap["source"], gap["state"]) == ("azure", "unavailable")
    assert "127.0.0.1" not in json.dumps(answer)
    assert {item["provider"] for item in answer["data"]} == {"aws", "gcp"}


async def test_a_cloud_that_was_not_synced_is_said_before_its_figure_is_missed(sample: Path, tmp_path: Path) -> None:
    async with Client(orchestrator(sample, tmp_path)) as client:
        await call(client, "finops_sync", {"providers": ["azure"], "datasets": [], "wait_seconds": 300})
        answer = await call(client, "finops_query_costs", {"period": "2026-10"})

    assert not answer["coverage"]["complete"]
    assert {gap["source"] for gap in answer["coverage"]["gaps"] if gap["code"] == "not_synced"} == {"aws", "gcp"}
    assert "aws: its bills are not in the ledger yet" in answer["notes"][0]


async def test_live_pages_go_on_where_they_stopped(sample: Path, tmp_path: Path) -> None:
    seen: list[str] = []
    async with Client(orchestrator(sample, tmp_path)) as client:
        arguments: dict[str, object] = {"limit": 7}
        while True:
            page = await call(client, "finops_list_resources", arguments)
            seen += [item["resource_id"] for item in page["data"]]
            if not page["pagination"]["has_more"]:
                break
            arguments = {"limit": 7, "cursor": page["pagination"]["next_cursor"]}

    with duckdb.connect() as connection:
        files = [f"{sample}/{cloud}/inventory.parquet" for cloud in CLOUDS]
        expected = connection.execute(f"SELECT resource_id FROM read_parquet({files})").fetchall()
    assert sorted(seen) == sorted(row[0] for row in expected)


async def test_an_empty_home_answers_and_says_what_to_do(tmp_path: Path) -> None:
    servers = [Upstream(c, build_cloud(c, ServerSettings(home=tmp_path))) for c in CLOUDS]
    app = build_orchestrator(load_settings({"SKYLEDGER_HOME": str(tmp_path)}), servers)

    async with Client(app) as client:
        estate = await call(client, "finops_describe_estate", {})
        costs = await client.call_tool("finops_query_costs", {"period": "2026-10"})

    assert any("skyledger import" in step for step in estate["next_steps"])
    assert json.loads(costs.content[0].text)["error"]["code"] == "data_not_ready"
