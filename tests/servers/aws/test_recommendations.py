"""What AWS proposes, over the wire: every adviser, each change once, the refusals as gaps."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from servers.aws.bill_names import bill_id
from servers.aws.inventory.scan import Scope
from servers.aws.recommendations import optimizer
from servers.aws.recommendations.port import recommendations
from servers.kit.live.kept_items import KeptItems
from servers.kit.ports import Slice
from shared_models.recommendation import Action, Recommendation
from tests.builders import settled
from tests.clouds.aws.endpoint import Endpoint
from tests.servers.aws.conftest import Clients

Ask = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]


@pytest.fixture
def scope(aws: Endpoint) -> Scope:
    """The payer and the members that have something to improve, in the regions of those resources."""
    rows = aws.ledger.rows(
        "SELECT a.sub_account_id AS account, a.region_id AS region FROM advice a JOIN item i USING (resource_id)"
        " WHERE a.origin = 'AWS Compute Optimizer' AND a.resource_type IN ('virtual_machine', 'database')"
        " AND (a.resource_id LIKE '%:db:%' OR a.resource_id LIKE '%:instance/%')"
        " ORDER BY 1, 2",
        [],
    )
    members = {str(one["id"]) for one in aws.ledger.accounts if one["payer"] == aws.ledger.payers[0]}
    own = [row for row in rows if row["account"] in members][:1]
    accounts = dict.fromkeys(str(row["account"]) for row in own)
    return Scope(
        accounts=(aws.ledger.payers[0], *accounts), regions=tuple(dict.fromkeys(str(row["region"]) for row in own))
    )


@pytest.fixture
def ask(clients: Clients) -> Ask:
    return lambda operation, arguments: getattr(clients("ce", "us-east-1", None), operation)(**arguments)


@pytest.fixture
def port(aws: Endpoint, clients: Clients, scope: Scope, ask: Ask, tmp_path: Path) -> KeptItems[Recommendation]:
    return recommendations(clients, settled(scope), ask, tmp_path / "recommendations", lambda: aws.now)


async def whole(port: KeptItems[Recommendation]) -> Slice[Recommendation]:
    return await port.page({}, offset=0, limit=10_000)


async def test_the_hubs_proposals_all_arrive_with_their_exact_savings(
    aws: Endpoint, port: KeptItems[Recommendation], clients: Clients
):
    aws.page_sizes["cost-optimization-hub"] = 2
    said = clients("cost-optimization-hub", "us-east-1", None).get_paginator("list_recommendations").paginate().build_full_result()["items"]  # fmt: skip
    found = {one.recommendation_id: one for one in (await whole(port)).items}

    assert len(said) > 2
    assert {item["recommendationId"] for item in said} <= set(found)
    for item in said:
        assert found[item["recommendationId"]].estimated_monthly_savings == Decimal(
            str(item["estimatedMonthlySavings"])
        )


async def test_a_change_that_two_advisers_propose_is_one_proposal_that_names_both(port: KeptItems[Recommendation]):
    found = (await whole(port)).items
    changes = [(one.sub_account_id, one.resource_id, one.action) for one in found if one.resource_id]
    both = [one for one in found if "AWS Compute Optimizer" in one.also_from]

    assert len(changes) == len(set(changes))
    assert both
    assert all(one.origin == "AWS Cost Optimization Hub" for one in both)
    assert all(any(name.startswith("AWS Compute Optimizer: ") for name in one.evidence) for one in both)
    assert any("Maximum" in name for one in both for name in one.evidence)


async def test_what_is_idle_is_stopped_or_deleted_with_all_that_it_costs(
    aws: Endpoint, clients: Clients, tmp_path: Path
):
    rows = aws.ledger.rows(
        "SELECT a.sub_account_id AS account, a.region_id AS region FROM advice a"
        " WHERE a.origin = 'AWS Compute Optimizer' AND a.action = 'Delete' AND a.resource_id LIKE 'vol-%' ORDER BY 1"
    )
    members = {str(one["id"]) for one in aws.ledger.accounts if one["payer"] == aws.ledger.payers[0]}
    row = next(row for row in rows if row["account"] in members)
    account, region = str(row["account"]), str(row["region"])
    scope = Scope(accounts=(aws.ledger.payers[0], account), regions=(region,))

    items = (await whole(recommendations(clients, settled(scope), None, tmp_path / "r", lambda: aws.now))).items

    said = clients("compute-optimizer", region, account).get_idle_recommendations()["idleRecommendations"]
    found = {one.resource_id: one for one in items if one.action is Action.DELETE}
    assert said
    for item in said:
        one = found[bill_id(item["resourceArn"])]
        value = item["savingsOpportunityAfterDiscounts"]["estimatedMonthlySavings"]["value"]
        assert optimizer.ORIGIN in {one.origin, *one.also_from}
        assert one.estimated_monthly_savings == Decimal(str(value))
        assert one.summary


async def test_commitments_worth_buying_come_with_their_evidence(port: KeptItems[Recommendation]):
    bought = [one for one in (await whole(port)).items if one.action is Action.PURCHASE_COMMITMENT]

    assert {one.resource_type for one in bought} >= {
        "ComputeSavingsPlans",
        "Ec2ReservedInstances",
        "RdsReservedInstances",
    }
    assert all(one.estimated_monthly_savings > 0 for one in bought if one.origin == "AWS Cost Explorer")
    assert all(one.lookback_days == 30 for one in bought)


async def test_without_the_support_plan_trusted_advisor_is_a_gap_and_the_others_answer(
    aws: Endpoint, port: KeptItems[Recommendation]
):
    aws.settings["support_plan"] = False

    found = await whole(port)

    assert found.items
    (gap,) = [gap for gap in found.gaps if gap.message.startswith("trusted-advisor")]
    assert gap.code == "source_not_enabled"
    assert "support plan" in (gap.hint or "")


async def test_an_account_outside_of_compute_optimizer_is_a_gap(aws: Endpoint, port: KeptItems[Recommendation]):
    aws.settings["compute_optimizer_enrolled"] = False

    found = await whole(port)

    assert {gap.code for gap in found.gaps if "compute-optimizer:Ec2Instance" in gap.message} == {"source_not_enabled"}


async def test_a_refused_hub_leaves_what_the_others_say(aws: Endpoint, port: KeptItems[Recommendation]):
    aws.faults.access_denied("cost-optimization-hub:*")

    found = await whole(port)

    assert "AWS Compute Optimizer" in {one.origin for one in found.items}
    assert any(gap.code == "permission_denied" for gap in found.gaps)


async def test_nothing_is_asked_that_costs_money_unless_it_may(
    aws: Endpoint, clients: Clients, scope: Scope, tmp_path: Path
):
    await whole(recommendations(clients, settled(scope), None, tmp_path / "r", lambda: aws.now))

    assert aws.spent == 0


async def test_a_second_question_within_a_day_costs_no_request(aws: Endpoint, port: KeptItems[Recommendation]):
    first = await whole(port)
    asked = len(aws.served)

    second = await port.page({"action": "PurchaseCommitment"}, offset=0, limit=5)

    assert len(aws.served) == asked
    assert second.total == sum(one.action is Action.PURCHASE_COMMITMENT for one in first.items)
