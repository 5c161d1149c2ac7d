"""Bulk data that is cut, altered or ends in mid-transfer books nothing, and the other clouds' bills are booked."""

from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from orchestrator.federation.connection import Target
from tests.orchestrator.federation.conftest import Azure, bill, orchestrator

ALL = ("in-process", "stdio", "http")
FAULTS: dict[str, tuple[tuple[str, ...], str]] = {
    "truncated_part": (ALL, "transfer_corrupt"),
    "altered_part": (("in-process",), "transfer_corrupt"),
    "altered_manifest": (("in-process",), "transfer_corrupt"),
    "die_reading": (("stdio", "http"), "upstream_unavailable"),
}
MATRIX = [(fault, transport) for fault, row in FAULTS.items() for transport in row[0]]


async def sync(client: Client) -> dict[str, Any]:
    result = await client.call_tool("finops_sync", {"datasets": [], "wait_seconds": 60})
    assert not result.is_error, result.content[0].text
    return result.structured_content


async def ledger(client: Client) -> dict[str, Any]:
    return (await client.call_tool("finops_describe_estate", {})).structured_content["ledger"]


@pytest.mark.usefixtures("no_orphans")
@pytest.mark.parametrize(("fault", "azure"), MATRIX, indirect=["azure"])
async def test_a_part_that_did_not_arrive_whole_is_not_booked(
    fault: str, azure: Azure, healthy: dict[str, Target], tmp_path: Path
) -> None:
    bill(azure.folder, "azure")
    azure.misbehaves(fault)
    app = orchestrator(tmp_path, {**healthy, "azure": azure.target()}, deadline=20, break_seconds=0)
    async with Client(app) as client:
        failed = await sync(client)
        held = await ledger(client)
        azure.behaves()
        repeated = await sync(client)
        whole = await ledger(client)

    [gap] = failed["coverage"]["gaps"]
    assert (gap["source"], gap["code"]) == ("azure", FAULTS[fault][1])
    assert (held["providers"], held["line_items"]) == (["aws", "gcp"], 4)
    assert repeated["coverage"]["complete"]
    assert (whole["providers"], whole["line_items"]) == (["aws", "azure", "gcp"], 6)
    assert list((tmp_path / "home" / "ledger" / "staging").glob("*.tmp")) == []


@pytest.mark.usefixtures("no_orphans")
@pytest.mark.parametrize("azure", ["in-process"], indirect=True)
async def test_a_part_that_is_no_parquet_file_is_one_clouds_gap(
    azure: Azure, healthy: dict[str, Target], tmp_path: Path
) -> None:
    bill(azure.folder, "azure", b"as announced, and still no Parquet")
    async with Client(orchestrator(tmp_path, {**healthy, "azure": azure.target()}, deadline=20)) as client:
        answer = await sync(client)
        held = await ledger(client)

    [gap] = answer["coverage"]["gaps"]
    assert gap["source"] == "azure"
    assert str(tmp_path) not in gap["message"]
    assert held["providers"] == ["aws", "gcp"]
