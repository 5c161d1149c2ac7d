"""Faults of the wire in an inventory through MCP: each is a gap of its place, and the other place answers."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.clouds.aws.endpoint import Endpoint
from tests.clouds.aws.faults import Faults
from tests.clouds.aws.operations import OPERATIONS
from tests.clouds.faults import FOR_EVER
from tests.servers.aws.conftest import Server, told

HERE, THERE = "us-east-1", "eu-west-1"
TABLES, GATEWAYS = "dynamodb:ListTables", "ec2:DescribeNatGateways"
SCP = (
    "User: arn:aws:sts::1:assumed-role/Reader/skyledger is not authorized to perform: {} with an explicit deny in a"
    " service control policy: arn:aws:organizations::1:policy/o-1/service_control_policy/p-1"
)
ENCODED = "You are not authorized to perform this operation. Encoded authorization failure message: {}" + "x" * 400


def cut_off(faults: Faults, operation: str, keep: float) -> None:
    faults.add(operation, keep_bytes=keep, region=THERE, times=FOR_EVER)


FAULTS: dict[str, tuple[Callable[[Faults, str], object], str, str]] = {
    "clock skew": (lambda f, o: f.add(o, reason="clock_skew", region=THERE, times=FOR_EVER), "clock_skew", "clock"),
    "cut off": (lambda f, o: cut_off(f, o, 0.5), "upstream_unavailable", "failed"),
    "cut off at once": (lambda f, o: cut_off(f, o, 0.0), "upstream_unavailable", "failed"),
    "region disabled": (lambda f, _: f.region_disabled(THERE), "region_disabled", THERE),
    "policy of the organisation": (
        lambda f, o: f.add(o, code="AccessDeniedException", message=SCP.format(o), region=THERE, times=FOR_EVER),
        "permission_denied",
        "service control policy",
    ),
    "policy, encoded": (
        lambda f, o: f.add(o, code="UnauthorizedOperation", message=ENCODED.format(o), region=THERE, times=FOR_EVER),
        "permission_denied",
        "",
    ),
}


def served(call: Any) -> dict[str, Any]:
    """One NAT gateway in each region."""
    return {"NatGateways": [{"NatGatewayId": f"nat-{call.region}", "State": "available", "CreateTime": call.now}]}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("operation", "kind"), [(TABLES, "nosql_table"), (GATEWAYS, "nat_gateway")])
async def test_a_fault_of_one_region_is_its_gap(
    server: Server, aws_here: Endpoint, monkeypatch: pytest.MonkeyPatch, fault: str, operation: str, kind: str
) -> None:
    monkeypatch.setitem(OPERATIONS, TABLES, lambda _: {"TableNames": []})
    monkeypatch.setitem(OPERATIONS, GATEWAYS, served)
    set_fault, code, said = FAULTS[fault]
    set_fault(aws_here.faults, operation)

    answer = await told(server(regions=(HERE, THERE)), "list_resources", resource_type=kind)

    own = [gap for gap in answer["coverage"]["gaps"] if THERE in gap["message"]]
    assert [gap["code"] for gap in own] == [code]
    assert said in own[0]["message"] + own[0]["hint"]
    assert HERE not in own[0]["message"]
    assert "Encoded authorization" not in own[0]["message"]
    expected = [] if operation == TABLES else [HERE]
    assert [one["region_id"] for one in answer["data"]] == expected
