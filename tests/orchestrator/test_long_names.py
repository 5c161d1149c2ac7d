"""Names of any length in a bill: kept whole in the ledger, cut with a mark where an answer would be too large."""

import json
from pathlib import Path

from mcp import Client

from orchestrator.server import build_orchestrator
from orchestrator.settings import load_settings
from servers.kit.settings import Settings as ServerSettings
from serving.tool import ANSWER_CAP
from skyledger.clouds import build_cloud
from tests.focus_bills import books, focus_csv

LENGTH = 100_000
NAMES = [letter * LENGTH for letter in "abc"]
PERIOD = {"start": "2026-10-01", "end": "2026-11-01"}
QUESTIONS = {
    "finops_query_costs": {**PERIOD, "group_by": ["ServiceName", "tags.team"], "limit": 50},
    "finops_explain_change": {"period": "2026-10", "compare_to": "2026-09", "group_by": ["ServiceName"]},
    "finops_describe_estate": {"dimension": "tags.team"},
    "finops_run_sql": {"sql": "SELECT ServiceName, Tags['team'] FROM cost_and_usage"},
}


def bill(folder: Path) -> Path:
    rows = [
        {"ServiceName": name, "ResourceId": name, "Tags": json.dumps({"team": name}), "EffectiveCost": str(n)}
        for n, name in enumerate(NAMES)
    ]
    return focus_csv(folder / "bill.csv", rows)


async def test_an_answer_with_endless_names_stays_within_its_cap_and_says_what_it_cut(tmp_path: Path) -> None:
    settings = load_settings({"SKYLEDGER_HOME": str(tmp_path / "home")})
    with books(tmp_path, settings.ledger_home) as it:
        it.take(bill(tmp_path / "in"))

    async with Client(build_orchestrator(settings, [])) as client:
        for tool, arguments in QUESTIONS.items():
            result = await client.call_tool(tool, arguments)
            text = result.content[0].text
            assert not result.is_error, (tool, text[:500])
            assert len(text.encode()) <= ANSWER_CAP, tool
            assert f"({LENGTH} characters)" in text, tool
            assert json.loads(text) == result.structured_content
        lengths = await client.call_tool(
            "finops_run_sql", {"sql": "SELECT length(ServiceName), length(Tags['team']) FROM cost_and_usage"}
        )
        refused = await client.call_tool(
            "finops_query_costs",
            {**PERIOD, "filters": [{"column": "ServiceName", "operator": "equals", "values": [f"{NAMES[0]}x"]}]},
        )

    assert lengths.structured_content["rows"] == [[str(LENGTH)] * 2] * 3
    assert refused.is_error
    assert len(refused.content[0].text) <= ANSWER_CAP


async def test_a_clouds_server_cuts_endless_names_too(tmp_path: Path) -> None:
    bill(tmp_path / "exports" / "costs")
    server = build_cloud("aws", ServerSettings(home=tmp_path / "home", exports=tmp_path / "exports"))

    async with Client(server) as client:
        result = await client.call_tool("aws_query_costs", {**PERIOD, "group_by": ["ServiceName", "ResourceId"]})

    assert not result.is_error, result.content[0].text[:900]
    assert len(result.content[0].text.encode()) <= ANSWER_CAP
    assert [line["keys"][0][:3] for line in result.structured_content["data"]] == ["ccc", "bbb", "aaa"]
