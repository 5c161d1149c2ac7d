"""`skyledger demo`: the sample organisation, the servers, one real MCP client, four questions."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import anyio
from mcp import Client, StdioServerParameters
from rich.console import Console
from rich.panel import Panel
from rich.syntax import Syntax

from servers.sample.generate import generate
from skyledger.compose import own_command
from skyledger.progress import progress_bar
from skyledger.tables import evidence_line, print_tables, unfolded

_LAST_MONTH, _MONTH_BEFORE = "2026-10", "2026-09"
_BESIDE = ("organisation", "recommendations")
"""What the questions need besides the bills; the rest, as each bill's conformance, a schedule fetches."""
_QUESTIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "What did we spend in October, by provider and service category?",
        "finops_query_costs",
        {"period": _LAST_MONTH, "group_by": ["x_Provider", "ServiceCategory"], "also": ["BilledCost"], "limit": 6},
    ),
    (
        "What changed since the month before, and why?",
        "finops_explain_change",
        {"period": _LAST_MONTH, "compare_to": _MONTH_BEFORE, "limit": 5},
    ),
    (
        "Which resources cost the most?",
        "finops_query_costs",
        {
            "period": _LAST_MONTH,
            "group_by": ["x_Provider", "ResourceName", "ServiceName"],
            "filters": [{"column": "ResourceId", "operator": "is_not_null"}],
            "limit": 5,
        },
    ),
    (
        "What do the clouds themselves propose, asked live of all three servers?",
        "finops_list_recommendations",
        {"limit": 3},
    ),
)


def demo(keep: Path | None) -> int:
    """Run the demonstration in a folder of its own; 0 when all four questions were answered."""
    console = Console()
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="skyledger-demo-")))
        started = time.monotonic()
        with progress_bar("sample organisation") as progress:
            summary = generate(folder / "sample", progress=progress)
        console.print(
            f"[bold]1. A sample company on three clouds[/bold]: {summary.rows:,} line items over"
            f" {len(summary.months)} months, written in {time.monotonic() - started:.1f} s."
        )
        answered = anyio.run(_ask, folder, console)
    _show_configuration(console)
    return 0 if answered == len(_QUESTIONS) else 1


async def _ask(folder: Path, console: Console) -> int:
    command = own_command("orchestrator", "--sample")
    environment = {**_safe_environment(), "SKYLEDGER_HOME": str(folder)}
    server = StdioServerParameters(command=command[0], args=command[1:], env=environment)
    answered = 0
    async with Client(server, read_timeout_seconds=120) as client:
        tools = (await client.list_tools()).tools
        console.print(
            f"[bold]2. The orchestrator and its three cloud servers started[/bold]; an MCP client sees"
            f" {len(tools)} tools: {', '.join(tool.name for tool in tools)}."
        )
        started = time.monotonic()
        synced = await client.call_tool("finops_sync", {"datasets": list(_BESIDE), "wait_seconds": 600})
        said = cast("dict[str, Any]", synced.structured_content or {})
        per_cloud = cast("list[dict[str, Any]]", said.get("clouds", []))
        clouds = ", ".join(f"{cloud['provider']} {cloud['rows']:,} rows" for cloud in per_cloud)
        console.print(f"[bold]3. Synced[/bold] into the ledger in {time.monotonic() - started:.1f} s: {clouds}.")
        for number, (question, tool, arguments) in enumerate(_QUESTIONS, start=4):
            started = time.monotonic()
            result = await client.call_tool(tool, arguments)
            console.print()
            console.print(f"[bold]{number}. {question}[/bold]", highlight=False)
            console.print(f"{tool} {json.dumps(arguments)}", style="dim", highlight=False, markup=False)
            if result.is_error:
                console.print(result.content)
                continue
            _show(result.structured_content or {}, console)
            console.print(f"answered in {(time.monotonic() - started) * 1000:.0f} ms", style="dim")
            answered += 1
    return answered


def _show(answer: Mapping[str, Any], console: Console) -> None:
    for name in ("totals", "data", "movers", "other"):
        rows = answer.get(name)
        if rows:
            print_tables(name, [_brief(unfolded(row, answer)) for row in rows], console)
    for note in answer.get("notes", ()):
        console.print(f"note: {note}", highlight=False, markup=False)
    console.print(evidence_line(answer), style="dim", highlight=False, markup=False)


def _brief(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a person wants to see first; the answer itself has every field."""
    if "recommendation_id" in row:
        shown = ("provider", "origin", "action", "summary", "estimated_monthly_savings", "currency", "effort")
        return {name: row.get(name) for name in shown}
    return {name: value for name, value in row.items() if name != "groups"}


def _safe_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


def _show_configuration(console: Console) -> None:
    """The exact snippets for the main MCP clients."""
    installed = Path(sys.executable).with_name("skyledger")
    entry = {"command": str(installed), "args": ["orchestrator", "--sample"]}
    servers = json.dumps({"mcpServers": {"skyledger": entry}}, indent=2)
    code = json.dumps({"servers": {"skyledger": {"type": "stdio", **entry}}}, indent=2)
    console.print()
    console.print("[bold]Use it from your own client[/bold] (leave out --sample for your own bills):")
    shell = f"claude mcp add skyledger -- {installed} orchestrator --sample"
    console.print(Panel(shell, title="Claude Code", title_align="left"))
    console.print(
        Panel(Syntax(servers, "json"), title="Claude Desktop: claude_desktop_config.json", title_align="left")
    )
    console.print(Panel(Syntax(servers, "json"), title="Cursor: .cursor/mcp.json", title_align="left"))
    console.print(Panel(Syntax(code, "json"), title="VS Code: .vscode/mcp.json", title_align="left"))
