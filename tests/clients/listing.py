"""What our servers list, as a client gets it on the wire, without any bill behind them."""

import json
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio
from mcp import Client
from mcp.server import MCPServer

from orchestrator.server import build_orchestrator
from orchestrator.settings import load_settings
from orchestrator.tools.registry import DEFAULT_TOOLSETS, TOOLSETS
from servers.kit.settings import Settings
from skyledger.clouds import CLOUDS, build_cloud

SERVERS: Final = ("orchestrator", *CLOUDS)
ERAS: Final = ("auto", "legacy")
QUESTIONS: Final = json.loads((Path(__file__).parent / "questions.json").read_text(encoding="utf-8"))
"""Per tool (a cloud server's without its prefix): plain questions that must select it, and a call that answers."""


def empty_server(name: str, home: Path, *, everything: bool = True) -> MCPServer[Any]:
    """A server by name over an empty home; the orchestrator with all of its tools, or with those it has by default."""
    if name in CLOUDS:
        return build_cloud(name, Settings(home=home))
    settings = load_settings({"SKYLEDGER_HOME": str(home)})
    return build_orchestrator(settings, [], toolsets=TOOLSETS if everything else DEFAULT_TOOLSETS)


def list_tools(app: MCPServer[Any], era: str = "auto") -> list[dict[str, Any]]:
    """The tools as their JSON."""
    found = anyio.run(partial(_list, app, era))
    return [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in found]


async def _list(app: MCPServer[Any], era: str) -> list[Any]:
    async with Client(app, mode=era) as client:
        return list((await client.list_tools()).tools)


def tokens(listed: Any) -> float:
    """Tokens by the usual estimate: a quarter of the characters of compact JSON."""
    return len(json.dumps(listed, separators=(",", ":"), ensure_ascii=False)) / 4
