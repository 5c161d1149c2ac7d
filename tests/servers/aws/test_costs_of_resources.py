"""What live AWS lists stands beside what the ledger says that it costs, by the ids that bills have."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from mcp import Client

from orchestrator.federation.upstream import Upstream
from orchestrator.server import build_orchestrator
from orchestrator.settings import load_settings
from tests.clouds.aws.call import Call
from tests.clouds.aws.endpoint import Endpoint
from tests.clouds.aws.identity import READER
from tests.clouds.aws.operations import OPERATIONS
from tests.servers.aws.conftest import Server

LISTED = {"block_volume": "vol-", "nat_gateway": "arn:aws:ec2:"}
"""Kinds, and how a bill's ids of them begin: AWS names instances and volumes barely, most others by ARN."""


def inventory(sample: Path) -> dict[str, tuple[Any, ...]]:
    """(kind, account, region) of each resource that the sample's company runs."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT resource_id, resource_type, sub_account_id, region_id FROM '{sample}/aws/inventory.parquet'"
        ).fetchall()
    return {row[0]: row[1:] for row in rows}


@pytest.fixture
def known(aws_here: Endpoint, aws_sample: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[Any, ...]]:
    """The sample's resources, served as EC2 serves them: by their bare ids, without any cost."""
    known = inventory(aws_sample)

    def own(call: Call, kind: str) -> list[str]:
        account = call.principal.account
        return [name.rpartition("/")[2] for name, one in known.items() if one == (kind, account, call.region)]

    def volumes(call: Call) -> dict[str, Any]:
        said = {"VolumeType": "gp3", "Size": 40, "State": "in-use", "CreateTime": aws_here.now, "Encrypted": True}
        return {"Volumes": [{"VolumeId": name, **said} for name in own(call, "block_volume")]}

    def gateways(call: Call) -> dict[str, Any]:
        said = {"State": "available", "CreateTime": aws_here.now}
        return {"NatGateways": [{"NatGatewayId": name, **said} for name in own(call, "nat_gateway")]}

    monkeypatch.setitem(OPERATIONS, "ec2:DescribeVolumes", volumes)
    monkeypatch.setitem(OPERATIONS, "ec2:DescribeNatGateways", gateways)
    return known


async def test_a_listed_resource_costs_what_the_bill_says(
    server: Server, aws_here: Endpoint, known: dict[str, tuple[Any, ...]], tmp_path: Path
) -> None:
    settings = load_settings({"SKYLEDGER_HOME": str(tmp_path / "home")}).model_copy(update={"deadline_seconds": 120.0})
    own = {str(one["id"]) for one in aws_here.ledger.accounts if one["payer"] == aws_here.ledger.payers[0]}
    regions = {one[2] for one in known.values() if one[0] == "nat_gateway" and one[1] in own}
    live = server(role=READER, regions=tuple(sorted(regions))[:1])
    found: dict[str, dict[str, Any]] = {}
    origins: dict[str, str] = {}
    async with Client(build_orchestrator(settings, [Upstream("aws", live, connect_seconds=5)])) as client:
        synced = await client.call_tool("finops_sync", {"datasets": [], "wait_seconds": 300})
        assert not synced.is_error
        for kind in LISTED:
            answer: Any = await client.call_tool("finops_list_resources", {"resource_type": kind, "limit": 50})
            assert not answer.is_error, answer.content
            origins |= {fresh["origin"]: fresh.get("data_as_of") for fresh in answer.structured_content["freshness"]}
            found |= {one["resource_id"]: one for one in answer.structured_content["data"]}

    until = datetime.fromisoformat(origins["monthly_cost: EffectiveCost in the ledger"])
    rows = aws_here.ledger.rows(
        "SELECT resource_id, sum(effective) AS cost FROM line WHERE start_at >= ? AND start_at < ? GROUP BY 1",
        [(until - timedelta(days=30)).replace(tzinfo=None), until.replace(tzinfo=None)],
    )
    billed = {row["resource_id"]: row["cost"] for row in rows}
    assert "nat_gateway" in {one["resource_type"] for one in found.values()} <= set(LISTED)
    for name, one in found.items():
        assert name.startswith(LISTED[one["resource_type"]])
        assert Decimal(one["monthly_cost"]) == billed[name] > 0
