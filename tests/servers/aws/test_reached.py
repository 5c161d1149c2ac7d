"""Accounts that are not looked at: every live answer names them, so that one account never passes for the company."""

from tests.clouds.aws.endpoint import Endpoint
from tests.clouds.aws.identity import READER
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
