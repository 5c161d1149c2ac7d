"""Measured use with percentiles and the agent's memory, and commitments, over the wire."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from servers.aws.commitments import commitments
from servers.aws.inventory.scan import Scope
from servers.aws.usage import DAYS, usage
from servers.kit.ports import Slice
from shared_models.inventory import Resource, ResourceType
from tests.builders import settled
from tests.clouds.aws.endpoint import Endpoint
from tests.clouds.aws.operations import OPERATIONS
from tests.servers.aws.conftest import Clients

START = datetime(2026, 3, 1, tzinfo=UTC)
YEAR = 31_536_000


class Listed:
    """An inventory of resources that are known already."""

    def __init__(self, *resources: Resource) -> None:
        self._resources = resources

    async def page(self, conditions: object, *, offset: int, limit: int) -> Slice[Resource]:
        return Slice(self._resources[offset : offset + limit], len(self._resources))


@pytest.fixture
def machines(aws: Endpoint) -> list[Resource]:
    """The measured machines of one account and region."""
    rows = aws.ledger.rows(
        "SELECT DISTINCT i.* FROM item i JOIN metric m USING (resource_id) WHERE i.native_type = 'AWS::EC2::Instance'"
        " AND m.metric = 'memory_utilization_percent' ORDER BY i.sub_account_id, i.region_id",
        [],
    )
    own = [row for row in rows if aws.ledger.payer_of(str(row["sub_account_id"])) == aws.ledger.payers[0]]
    first = own[0]
    return [
        Resource(
            resource_id=str(row["resource_id"]).rpartition("/")[2],
            aliases=(str(row["resource_id"]),),
            resource_type=ResourceType.VIRTUAL_MACHINE,
            native_type="AWS::EC2::Instance",
            provider="aws",
            sub_account_id=str(row["sub_account_id"]),
            region_id=str(row["region_id"]),
        )
        for row in own
        if (row["sub_account_id"], row["region_id"]) == (first["sub_account_id"], first["region_id"])
    ]


async def test_every_measured_day_is_as_the_metrics_say(
    aws: Endpoint, clients: Clients, machines: list[Resource], tmp_path: Path
):
    aws.settings["cloudwatch_points"] = 7
    port = usage(clients, Listed(*machines), tmp_path / "usage", lambda: aws.now)

    found = await port.page({}, offset=0, limit=100_000)

    until = aws.now.replace(hour=0, minute=0, second=0, microsecond=0)
    for machine in machines:
        truth = aws.ledger.rows(
            'SELECT * FROM metric WHERE resource_id = ? AND "start" >= ? AND "start" < ? AND metric IN'
            " ('cpu_utilization_percent', 'memory_utilization_percent') ORDER BY metric, \"start\"",
            [machine.aliases[0], (until - timedelta(days=DAYS)).replace(tzinfo=None), until.replace(tzinfo=None)],
        )
        own = [one for one in found.items if one.resource_id == machine.resource_id and one.metric != "network_bytes"]
        assert [(one.metric, one.start, one.samples) for one in own] == [
            (row["metric"], row["start"].replace(tzinfo=UTC), row["samples"]) for row in truth
        ]
        for one, row in zip(own, truth, strict=True):
            assert (one.average, one.maximum, one.p95) == pytest.approx((row["average"], row["maximum"], row["p95"]))


async def test_one_resource_is_found_by_either_of_its_names(
    aws: Endpoint, clients: Clients, machines: list[Resource], tmp_path: Path
):
    port = usage(clients, Listed(*machines), tmp_path / "usage", lambda: aws.now)

    found = await port.page({"resource_id": machines[0].resource_id}, offset=0, limit=1_000)

    assert {one.resource_id for one in found.items} == {machines[0].resource_id}


async def test_refused_metrics_are_a_gap(aws: Endpoint, clients: Clients, machines: list[Resource], tmp_path: Path):
    aws.faults.access_denied("cloudwatch:GetMetricData")
    port = usage(clients, Listed(*machines), tmp_path / "usage", lambda: aws.now)

    found = await port.page({}, offset=0, limit=10)

    assert (found.items, [gap.code for gap in found.gaps]) == ((), ["permission_denied"])


async def test_savings_plans_are_commitments_with_exact_amounts(aws: Endpoint, clients: Clients, tmp_path: Path):
    scope = Scope(accounts=(aws.ledger.payers[0],), regions=("us-east-1",))
    port = commitments(clients, settled(scope), tmp_path / "commitments", lambda: aws.now)

    found = await port.page({}, offset=0, limit=100)

    truth = clients("savingsplans", "us-east-1", None).describe_savings_plans()["savingsPlans"]
    assert {one.commitment_discount_id: one.hourly_commitment for one in found.items} == {
        plan["savingsPlanArn"]: Decimal(plan["commitment"]) for plan in truth
    }
    assert all(one.start < one.end for one in found.items)
    assert "savingsplans" not in " ".join(gap.message.split(":")[0] for gap in found.gaps)


RESERVED = {
    "ec2:DescribeReservedInstances": {"ReservedInstances": [{"ReservedInstancesId": "r-1", "InstanceType": "m6i.large", "InstanceCount": 3, "Start": START, "Duration": YEAR, "FixedPrice": 100.5, "RecurringCharges": [{"Frequency": "Hourly", "Amount": 0.035}], "OfferingType": "Partial Upfront", "CurrencyCode": "USD", "State": "active", "Scope": "Region"}]},
    "rds:DescribeReservedDBInstances": {"ReservedDBInstances": [{"ReservedDBInstanceId": "d-1", "ReservedDBInstanceArn": "arn:aws:rds:us-east-1:1:ri:d-1", "DBInstanceClass": "db.r6g.large", "DBInstanceCount": 2, "StartTime": START, "Duration": YEAR, "FixedPrice": 0.0, "RecurringCharges": [{"RecurringChargeAmount": 0.12, "RecurringChargeFrequency": "Hourly"}], "OfferingType": "No Upfront", "CurrencyCode": "USD", "State": "active"}]},
    "elasticache:DescribeReservedCacheNodes": {"ReservedCacheNodes": [{"ReservedCacheNodeId": "c-1", "ReservationARN": "arn:aws:elasticache:us-east-1:1:reserved-instance:c-1", "CacheNodeType": "cache.r6g.large", "CacheNodeCount": 1, "StartTime": START, "Duration": YEAR, "FixedPrice": 900.0, "RecurringCharges": [], "OfferingType": "All Upfront", "State": "active"}]},
    "redshift:DescribeReservedNodes": {"ReservedNodes": [{"ReservedNodeId": "n-1", "NodeType": "ra3.xlplus", "NodeCount": 4, "StartTime": START, "Duration": YEAR, "FixedPrice": 0.0, "RecurringCharges": [{"RecurringChargeAmount": 0.7, "RecurringChargeFrequency": "Hourly"}], "OfferingType": "No Upfront", "CurrencyCode": "USD", "State": "active"}]},
}  # fmt: skip


async def test_reservations_of_every_service_that_sells_them_are_commitments(
    aws: Endpoint, clients: Clients, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for operation, reply in RESERVED.items():
        monkeypatch.setitem(OPERATIONS, operation, lambda _, reply=reply: reply)
    scope = Scope(accounts=(aws.ledger.payers[0],), regions=("us-east-1",))
    port = commitments(clients, settled(scope), tmp_path / "commitments", lambda: aws.now)

    found = await port.page({"commitment_discount_category": "Usage"}, offset=0, limit=100)

    account = aws.ledger.payers[0]
    said = {
        one.commitment_discount_id: (one.payment_model, one.hourly_commitment, one.upfront_cost) for one in found.items
    }
    assert said == {
        f"arn:aws:ec2:us-east-1:{account}:reserved-instances/r-1": (
            "Partial Upfront",
            Decimal("0.105"),
            Decimal("301.5"),
        ),
        "arn:aws:rds:us-east-1:1:ri:d-1": ("No Upfront", Decimal("0.24"), Decimal(0)),
        "arn:aws:elasticache:us-east-1:1:reserved-instance:c-1": ("All Upfront", None, Decimal(900)),
        f"arn:aws:redshift:us-east-1:{account}:reservednode:n-1": ("No Upfront", Decimal("2.8"), Decimal(0)),
    }
    assert {one.end - one.start for one in found.items} == {timedelta(days=365)}
