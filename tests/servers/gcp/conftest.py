"""A live Google Cloud server over the local endpoint, asked by a real MCP client; its clock stands on the last day."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.server import MCPServer

from servers.gcp.live import Live
from servers.gcp.sdk import Wire
from servers.gcp.server import build_server
from servers.gcp.settings import GcpSettings
from servers.kit.settings import Settings
from tests.clouds.gcp.conftest import gcp, gcp_ledger, gcp_sample, two_accounts  # noqa: F401
from tests.clouds.gcp.endpoint import Endpoint

Server = Callable[..., MCPServer[Any]]


def wire(endpoint: Endpoint) -> Wire:
    """Google's own clients, pointed at the endpoint by their own options, REST and gRPC."""
    iam = f"{endpoint.url}/v1/projects/-/serviceAccounts/{endpoint.ledger.principal}:generateAccessToken"
    return Wire(options=endpoint.options(), channel=endpoint.channel, iam=iam)


def live_of(endpoint: Endpoint, folder: Path, **settings: Any) -> Live:
    """What a port asks Google with, without a server around it."""
    said = GcpSettings(live=True, **{"patience_seconds": 6, "job_seconds": 3, **settings})
    return Live(said, folder, lambda: endpoint.now, wire(endpoint))


@pytest.fixture
def signed_in(gcp: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Endpoint:  # noqa: F811
    """The endpoint, with Application Default Credentials of the operator's service account."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(gcp.key_file(tmp_path)))
    return gcp


@pytest.fixture
def server(signed_in: Endpoint, tmp_path: Path) -> Server:
    """Builds a server with these settings; the same home again is the same server after a restart."""

    def build(*, exports: Path | None = None, home: str = "home", **settings: Any) -> MCPServer[Any]:
        said = GcpSettings(live=True, **{"patience_seconds": 6, "job_seconds": 3, **settings})
        return build_server(
            Settings(home=tmp_path / home, exports=exports), said, lambda: signed_in.now, wire(signed_in)
        )

    return build


async def told(server: MCPServer[Any], tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool answers through a real client; an error is its envelope."""
    async with Client(server) as client:
        answer = await client.call_tool(f"gcp_{tool}", arguments)
    if answer.is_error:
        return json.loads(answer.content[0].text)
    return answer.structured_content
