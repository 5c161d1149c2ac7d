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

KEEP_STATE = {"finops_sync", "finops_get_job", "finops_replay_answer"}
"""Tools that write, though only here and nothing in a cloud."""


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


async def test_the_surface_stays_within_its_budget(tmp_path: Path) -> None:
    servers = {c: build_cloud(c, ServerSettings(home=tmp_path)) for c in CLOUDS}
    app = build_orchestrator(load_settings({"SKYLEDGER_HOME": str(tmp_path)}), [])

    async def tools(server) -> list[dict]:
        async with Client(server) as client:
            found = (await client.list_tools()).tools
        return [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in found]

    listed = {cloud: await tools(server) for cloud, server in servers.items()}
    own = await tools(app)

    names = {cloud: {tool["name"].removeprefix(f"{cloud}_") for tool in found} for cloud, found in listed.items()}
    assert names["aws"] == names["azure"] == names["gcp"]
    for found in listed.values():
        assert len(found) <= 12
        assert len(json.dumps(found, separators=(",", ":"))) / 4 <= 6_000
    assert len(own) <= 20
    assert len(json.dumps(own, separators=(",", ":"))) / 4 <= 10_000
    assert all(tool["annotations"]["readOnlyHint"] for tool in own if tool["name"] not in KEEP_STATE)


HOSTILE = (
    "DELETE FROM cost_and_usage", "INSERT INTO cost_and_usage SELECT * FROM cost_and_usage", "SELECT 1; SELECT 2",
    "COPY cost_and_usage TO 'x.csv'", "ATTACH 'x.db'", "PRAGMA database_list", "SET memory_limit='9GB'",
    "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'", "SELECT * FROM glob('*')",
    "SELECT * FROM duckdb_settings()", "SELECT * FROM query('SELECT 1')", "SELECT getenv('HOME')",
    "SELECT * FROM information_schema.tables", "SELECT repeat('x', 2000000000)", "INSTALL httpfs", "SELECT * FROM range(9)",
    "WITH x AS (DELETE FROM cost_and_usage RETURNING *) SELECT * FROM x",
    "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT * FROM t", "CREATE TABLE t AS SELECT 1",
)  # fmt: skip


async def test_only_a_query_of_the_bill_is_run(sample: Path, tmp_path: Path) -> None:
    async with Client(orchestrator(sample, tmp_path)) as client:
        await call(client, "finops_sync", {"datasets": [], "wait_seconds": 300})
        refused = [await client.call_tool("finops_run_sql", {"sql": sql}) for sql in HOSTILE]
        good = await call(
            client, "finops_run_sql", {"sql": "SELECT BillingCurrency, COUNT(*) AS n FROM cost_and_usage GROUP BY 1"}
        )

    codes = {
        sql: json.loads(r.content[0].text).get("error", {}).get("code") for sql, r in zip(HOSTILE, refused, strict=True)
    }
    assert codes == dict.fromkeys(HOSTILE, "sql_refused")
    assert {row[0] for row in good["rows"]} == {"USD", "EUR", "JPY"}
