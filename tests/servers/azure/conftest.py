"""A live Azure server over the local endpoint, and a clock of quotas that stands still until somebody waits."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.server import MCPServer

from servers.azure.live import Live
from servers.azure.pacing import Timing
from servers.azure.sdk import Wire
from servers.azure.server import build_server
from servers.azure.settings import AzureSettings, SignIn
from servers.kit.settings import Settings
from tests.clouds.azure.blob import ACCOUNT
from tests.clouds.azure.conftest import (  # noqa: F401
    azure,
    azure_certificate,
    azure_containers,
    azure_here,
    azure_ledger,
    azure_sample,
)
from tests.clouds.azure.endpoint import Endpoint

Server = Callable[..., MCPServer[Any]]
Lives = Callable[..., Live]


@dataclass
class Waited:
    """Seconds that nobody really waits; every wait is remembered."""

    now: float = 1_000.0
    waits: list[float] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._guard:
            self.now += seconds
            self.waits.append(seconds)


@pytest.fixture
def waited(azure_here: Endpoint) -> Waited:  # noqa: F811
    """The clock by which the endpoint keeps its quotas, and on which the connector waits."""
    waited = Waited()
    azure_here.quotas.clock = waited.clock
    return waited


@pytest.fixture
def wire(azure_here: Endpoint, waited: Waited) -> Wire:  # noqa: F811
    """The way to the endpoint."""
    return Wire(
        arm=azure_here.url,
        storage=lambda account: azure_here.account_url if account == ACCOUNT else f"{azure_here.url}/{account}",
        verify=azure_here.certificate.authority,
        identity={"disable_instance_discovery": True},
        timing=Timing(waited.clock, waited.sleep),
    )


@pytest.fixture
def server(azure_here: Endpoint, wire: Wire, tmp_path: Path) -> Server:  # noqa: F811
    """Builds a server with these settings; the same home again is the same server after a restart."""

    def build(*, exports: Path | None = None, home: str = "home", **settings: Any) -> MCPServer[Any]:
        return build_server(
            Settings(home=tmp_path / home, exports=exports),
            AzureSettings(**{"live": True, "sign_in": SignIn.ENVIRONMENT} | settings),
            clock=lambda: azure_here.now,
            wire=wire,
        )

    return build


@pytest.fixture
def lives(azure_here: Endpoint, wire: Wire, tmp_path: Path) -> Lives:  # noqa: F811
    """Builds what ports share, with these settings."""

    def build(**settings: Any) -> Live:
        known = AzureSettings(**{"live": True, "sign_in": SignIn.ENVIRONMENT} | settings)
        return Live(known, tmp_path / "live", lambda: azure_here.now, wire)

    return build


async def told(server: MCPServer[Any], tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool answers through a real client; an error is its envelope."""
    async with Client(server) as client:
        answer = await client.call_tool(f"azure_{tool}", arguments)
    if answer.is_error:
        return json.loads(answer.content[0].text)
    return answer.structured_content
