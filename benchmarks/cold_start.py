"""Cold start: CPU from the start of a process to its tools/list, against a bare server of the SDK, both on stdio."""

import os
import sys
import tempfile
import time
from pathlib import Path

import anyio
import psutil
from mcp import Client, StdioServerParameters

from skyledger.compose import own_command

_TURNS = 5
_BARE = (
    "from mcp.server import MCPServer\n"
    "app = MCPServer('bare')\n"
    "@app.tool()\n"
    "def hello(name: str) -> str:\n"
    "    'Says hello.'\n"
    "    return name\n"
    "app.run('stdio')\n"
)


def run(_rows: int) -> None:
    with tempfile.TemporaryDirectory(prefix="skyledger-bench-") as home:
        commands = {
            "bare SDK server": [sys.executable, "-c", _BARE],
            "skyledger aws": own_command("aws"),
            "skyledger orchestrator": own_command("orchestrator"),
        }
        best = {name: [9e9, 9e9] for name in commands}
        for _ in range(_TURNS):  # in turn, so that a busy machine hits all alike
            for name, command in commands.items():
                found = anyio.run(_start, command, Path(home))
                best[name] = [min(pair) for pair in zip(best[name], found, strict=True)]
    bare = best["bare SDK server"][0]
    print(f"cold start to tools/list, best of {_TURNS}")
    for name, (cpu, wall) in best.items():
        print(f"  {name:24} {cpu:5.2f} s CPU  {wall:5.2f} s wall  ratio {cpu / bare:4.2f}")


async def _start(command: list[str], home: Path) -> tuple[float, float]:
    environment = {"PATH": os.environ["PATH"], "SKYLEDGER_HOME": str(home)}
    started = time.perf_counter()
    async with Client(StdioServerParameters(command=command[0], args=command[1:], env=environment)) as client:
        await client.list_tools()
        wall = time.perf_counter() - started
        used = [child.cpu_times() for child in psutil.Process().children(recursive=True)]
    return sum(times.user + times.system for times in used), wall
