"""`skyledger doctor aws`: who we are to AWS, what we reach, what is missing, and the templates that set it up."""

import json
from typing import Any, Final

import anyio
from mcp import Client

from servers.aws.permissions import policy
from servers.aws.settings import load_aws_settings
from servers.aws.setup import cloudformation, terraform
from shared_models.server_card import ServerCard
from skyledger.clouds import build_cloud, server_settings

_PREFIX: Final = "exports"
_NOBODY: Final = "arn:aws:iam::ACCOUNT:role/WHERE-SKYLEDGER-RUNS"


def doctor_aws(bucket: str, principal: str | None) -> int:
    """What AWS lets us do, one line each, then policy and templates; 1 when something needs attention."""
    live = load_aws_settings().live
    card = anyio.run(_card)
    lines = [(live, "SKYLEDGER_AWS_LIVE is on" if live else "live questions are off: set SKYLEDGER_AWS_LIVE=on")]
    lines += _lines(card) if live else []
    for good, text in lines:
        print(("ok    " if good else "CHECK ") + text)
    partition = card.access.partition or "aws"
    trusted = principal or card.identity or _NOBODY
    print("\nThe least policy that serves every tool (read-only):")
    print(json.dumps(policy(bucket, f"{_PREFIX}/", partition), indent=2))
    print("\nCloudFormation (payer account, us-east-1): Data Export and role")
    print(cloudformation(trusted, bucket, _PREFIX, partition))
    print("\nTerraform (the same, as skyledger.tf.json):")
    print(terraform(trusted, bucket, _PREFIX, partition))
    return 0 if all(good for good, _ in lines) else 1


async def _card() -> ServerCard:
    async with Client(build_cloud("aws", server_settings("aws", None)), read_timeout_seconds=300) as client:
        answer: Any = await client.call_tool("aws_describe_server", {})
    return ServerCard.model_validate(answer.structured_content)


def _lines(card: ServerCard) -> list[tuple[bool, str]]:
    access = card.access
    lines = [(card.identity is not None, f"we are {card.identity or 'nobody: no usable credentials'}")]
    lines.append((True, f"bills of {', '.join(card.billing_account_ids) or 'no account'}"))
    if access.accounts_reached is not None:
        lines.append((True, f"{access.accounts_reached} accounts reached"))
    lines += [(False, f"{gap.message} {gap.hint or ''}".strip()) for gap in access.accounts_refused]
    lines += [
        (False, f"{missing.permission} is missing on {missing.on}: {', '.join(missing.tools) or 'some tool'} needs it")
        for missing in access.missing_permissions
    ]
    lines += [(True, f"purse {purse.name}: {purse.left} of {purse.limit} {purse.unit} left") for purse in card.purses]
    return lines
