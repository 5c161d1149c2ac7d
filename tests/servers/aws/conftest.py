"""A live AWS server over the local endpoint: who asks, whose bills, and a clock that stands on the ledger's last day."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.server import MCPServer

from servers.aws.server import build_server
from servers.aws.settings import AwsSettings
from servers.kit.settings import Settings
from tests.clouds.aws.conftest import aws, aws_here, aws_sample  # noqa: F401
from tests.clouds.aws.endpoint import Endpoint

Server = Callable[..., MCPServer[Any]]


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
