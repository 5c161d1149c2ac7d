"""A live AWS server over the local endpoint, real clients of it, and a clock that stands on the ledger's last day."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from mcp import Client
from mcp.server import MCPServer

from servers.aws.server import build_server
from servers.aws.settings import AwsSettings
from servers.kit.settings import Settings
from tests.clouds.aws.conftest import aws, aws_here, aws_ledger, aws_sample  # noqa: F401
from tests.clouds.aws.endpoint import Endpoint
from tests.clouds.aws.identity import READER

Clients = Callable[[str, str, str | None], Any]
Server = Callable[..., MCPServer[Any]]


@pytest.fixture
def clients(aws: Endpoint) -> Clients:  # noqa: F811
    """Real clients of the endpoint: the payer's operator itself, or its role in a member account."""
    operator = aws.identities.operator(aws.ledger.payers[0])
    own = boto3.Session(aws_access_key_id=operator.key, aws_secret_access_key=operator.secret, region_name="us-east-1")
    config = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=5, read_timeout=20)
    sessions: dict[str | None, boto3.Session] = {None: own, aws.ledger.payers[0]: own}
    made: dict[tuple[str, str, str | None], Any] = {}

    def client(service: str, region: str, account: str | None) -> Any:
        key = (service, region, account)
        if key not in made:
            made[key] = session(account).client(service, region_name=region, endpoint_url=aws.url, config=config)
        return made[key]

    def session(account: str | None) -> boto3.Session:
        if account not in sessions:
            role = f"arn:aws:iam::{account}:role/{READER}"
            taken = client("sts", "us-east-1", None).assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
            sessions[account] = boto3.Session(taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"])
        return sessions[account]

    return client


@pytest.fixture
def server(aws_here: Endpoint, tmp_path: Path) -> Server:  # noqa: F811
    """Builds a server with these settings; the same home again is the same server after a restart."""

    def build(*, exports: Path | None = None, home: str = "home", **settings: Any) -> MCPServer[Any]:
        return build_server(
            Settings(home=tmp_path / home, exports=exports),
            AwsSettings(live=True, **settings),
            clock=lambda: aws_here.now,
        )

    return build


async def told(server: MCPServer[Any], tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool answers through a real client; an error is its envelope."""
    async with Client(server) as client:
        answer = await client.call_tool(f"aws_{tool}", arguments)
    if answer.is_error:
        return json.loads(answer.content[0].text)
    return answer.structured_content
