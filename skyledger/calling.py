"""`skyledger call`: one tool through a real MCP client, the answer as tables or JSON."""

import json
import sys
from typing import Any, cast

import anyio
from mcp import Client
from mcp.server import MCPServer
from mcp.types import CallToolResult, TextContent

from shared_models.errors import InvalidArgumentError
from skyledger.clouds import CLOUDS, build_cloud, sample_folder, server_settings
from skyledger.compose import compose
from skyledger.progress import progress_bar
from skyledger.tables import print_answer

_FOLLOW_SECONDS = 0.5


def call_tool(tool: str, arguments: dict[str, Any], *, sample: bool, as_json: bool) -> int:
    """Call one tool of the server that its prefix names; 0 for an answer, 1 for a tool error."""
    from orchestrator.settings import load_settings  # noqa: PLC0415 - one reading of the settings a command

    folder = sample_folder(load_settings().home) if sample else None
    result = anyio.run(_call, _server(tool, folder), tool, arguments)
    text = next((block.text for block in result.content if isinstance(block, TextContent)), "")
    if result.is_error:
        print(text if as_json else _sentence(text), file=sys.stdout if as_json else sys.stderr)
        return 1
    if as_json:
        print(json.dumps(result.structured_content, ensure_ascii=False))
    else:
        print_answer(result.structured_content or {})
    return 0


def _server(tool: str, sample: Any) -> MCPServer[Any]:
    prefix = tool.partition("_")[0]
    if prefix == "finops":
        return compose(sample, ["cost", "optimize", "plan", "place", "govern"])
    if prefix in CLOUDS:
        return build_cloud(prefix, server_settings(prefix, sample))
    raise InvalidArgumentError(
        "tool", f"No server has tools that begin with {prefix!r}.", hint=f"finops_, {'_, '.join(CLOUDS)}_."
    )


async def _call(app: MCPServer[Any], tool: str, arguments: dict[str, Any]) -> CallToolResult:
    with progress_bar(tool) as bar:

        async def drawn(progress: float, total: float | None, message: str | None) -> None:
            bar(progress / (total or 1), message or "")

        async with Client(app) as client:
            result = await client.call_tool(tool, arguments, read_timeout_seconds=900, progress_callback=drawn)
            # The server ends with this command, and its jobs with it: a job is waited for.
            while (job := _running(result)) is not None:
                await anyio.sleep(_FOLLOW_SECONDS)
                result = await client.call_tool("finops_get_job", {"job_id": job})
                said = cast("dict[str, Any]", result.structured_content or {})
                bar(said.get("done", 0) / (said.get("total") or 1), str(said.get("said", "")))
            return result


def _running(result: CallToolResult) -> str | None:
    """The job that an answer says is not finished."""
    said = cast("dict[str, Any]", result.structured_content or {})
    return said["job_id"] if said.get("state") in {"queued", "running"} and "job_id" in said else None


def _sentence(text: str) -> str:
    try:
        error = cast("dict[str, Any]", json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return text
    return f"error [{error['code']}] {error['message']}\n  hint: {error['hint']}"
