"""Accounts that are not looked at: every live answer names them, so that one account never passes for the company."""

from decimal import Decimal

import pytest

from tests.clouds.aws.endpoint import Endpoint
from tests.clouds.aws.identity import READER
from tests.clouds.aws.operations import OPERATIONS
from tests.servers.aws.conftest import Server, told

REGIONS = ("us-east-1",)


def gaps_of(answer: dict) -> dict[str, str]:
    return {gap["code"]: gap["message"] for gap in answer["coverage"]["gaps"]}


async def test_without_a_role_the_other_accounts_of_the_organisation_are_a_gap(
    server: Server, aws_here: Endpoint
) -> None:
    answer = await told(server(regions=REGIONS), "list_commitments")

    others = sum(account["payer"] == aws_here.ledger.payers[0] for account in aws_here.ledger.accounts)
    assert gaps_of(answer)["not_reached"] == f"{others} more accounts of the organisation were not looked at"
    assert not answer["coverage"]["complete"]


async def test_a_role_over_an_organisation_that_cannot_be_read_is_a_gap(server: Server, aws_here: Endpoint) -> None:
    aws_here.faults.access_denied("organizations:*")

    answer = await told(server(regions=REGIONS, role=READER), "list_commitments")

    assert gaps_of(answer)["permission_denied"].startswith("the accounts of the organisation: organizations:ListRoots")


async def test_only_places_with_charges_are_asked_and_the_rest_is_said(
    server: Server, aws_here: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OPERATIONS, "ec2:DescribeNatGateways", lambda _: {"NatGateways": []})
    aws_here.faults.access_denied("bcm-data-exports:*")
    charged = {
        (row["account"], row["region"])
        for row in aws_here.ledger.rows(
            "SELECT DISTINCT account, region FROM line WHERE payer = ? AND region NOT IN ('NoRegion', 'global')",
            [aws_here.ledger.payers[0]],
        )
    }

    answer = await told(server(role=READER), "list_resources", resource_type="nat_gateway")
    again = await told(server(role=READER), "list_resources", resource_type="nat_gateway")

    asked = {(one.account, one.region) for one in aws_here.served if one.operation == "ec2:DescribeNatGateways"}
    assert asked == charged
    assert "regions with charges since 2026-09" in gaps_of(answer)["places_without_charges"]
    assert gaps_of(again)["places_without_charges"] == gaps_of(answer)["places_without_charges"]
    assert aws_here.spent <= Decimal("0.05")


async def test_every_enabled_region_is_asked_where_that_is_wanted_or_nothing_tells_where_money_was_spent(
    server: Server, aws_here: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OPERATIONS, "ec2:DescribeNatGateways", lambda _: {"NatGateways": []})
    aws_here.faults.access_denied("bcm-data-exports:*")

    wanted = await told(server(everywhere=True), "list_resources", resource_type="nat_gateway")
    by_wish = aws_here.calls("ec2:DescribeNatGateways")
    aws_here.faults.access_denied("ce:*")
    unknown = await told(server(home="other"), "list_resources", resource_type="nat_gateway")

    assert len(aws_here.calls("ec2:DescribeNatGateways")) == 2 * len(by_wish) > 2
    assert "places_without_charges" not in gaps_of(wanted) | gaps_of(unknown)
