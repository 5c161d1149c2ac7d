"""64 clients at once on one orchestrator over HTTP for some minutes: no error, and memory that stays where it is.

python -m benchmarks.soak_http [SECONDS] [CLIENTS]   (make soak-http DURATION=600)
"""

import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import anyio
import psutil
from mcp import Client

from servers.sample.generate import generate
from skyledger.compose import own_command

_ROWS: Final = 12_000
_WARM: Final = 0.25
"""The share of the time after which memory has to be flat: by then every question was asked many times."""
_GROWTH: Final = 0.10
_READY_SECONDS: Final = 60.0
_CALLS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("finops_query_costs", {"period": "2026-10", "group_by": ["ServiceName"]}),
    ("finops_query_costs", {"period": "2026-10", "compare_to": "2026-09", "group_by": ["SubAccountName"]}),
    ("finops_query_costs", {"start": "2026-08-01", "end": "2026-11-01", "granularity": "day"}),
    ("finops_explain_change", {"period": "2026-10", "compare_to": "2026-09", "group_by": ["ServiceName"]}),
    ("finops_list_resources", {"limit": 20}),
    ("finops_describe_estate", {}),
    (
        "finops_run_sql",
        {"sql": "SELECT ServiceCategory, BillingCurrency, sum(BilledCost) AS cost FROM cost_and_usage GROUP BY 1, 2"},
    ),
)


@dataclass
class _Seen:
    """What happened: the time of each call, how many failed and how, the server's memory by time."""

    taken: list[float] = field(default_factory=list[float])
    failed: dict[str, int] = field(default_factory=dict[str, int])
    memory: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])

    def fail(self, said: str) -> None:
        """Count a failure by what was said."""
        self.failed[said] = self.failed.get(said, 0) + 1


def run(seconds: float, clients: int) -> bool:
    """Soak, print what was seen; true where nothing failed and memory was flat."""
    with tempfile.TemporaryDirectory(prefix="skyledger-soak-") as name:
        environment = {**os.environ, "SKYLEDGER_HOME": name}
        generate(Path(name) / "sample", rows=_ROWS)
        subprocess.run(own_command("sync", "--sample"), env=environment, check=True, stdout=subprocess.DEVNULL)
        address = f"127.0.0.1:{_free_port()}"
        with subprocess.Popen(own_command("orchestrator", "--sample", "--http", address), env=environment) as server:
            try:
                seen = anyio.run(_soak, f"http://{address}/mcp", psutil.Process(server.pid), seconds, clients)
            finally:
                server.terminate()
    return _told(seen, seconds, clients)


async def _soak(url: str, server: psutil.Process, seconds: float, clients: int) -> _Seen:
    seen = _Seen()
    await _ready(url)
    started = time.monotonic()
    async with anyio.create_task_group() as group:
        for number in range(clients):
            group.start_soon(_client, url, number, started + seconds, seen)
        while time.monotonic() < started + seconds:
            seen.memory.append((time.monotonic() - started, _resident(server)))
            await anyio.sleep(1)
    return seen


async def _client(url: str, number: int, until: float, seen: _Seen) -> None:
    """One client that asks on until the time is over; a lost connection counts as a failure and is made anew."""
    calls = itertools.islice(itertools.cycle(_CALLS), number % len(_CALLS), None)
    while time.monotonic() < until:
        try:
            async with Client(url, read_timeout_seconds=120) as client:
                while time.monotonic() < until:
                    await _call(client, *next(calls), seen)
        except Exception as error:  # noqa: BLE001 - whatever the transport says is what is counted
            seen.fail(f"connection: {_innermost(error)}")


async def _call(client: Client, tool: str, arguments: dict[str, Any], seen: _Seen) -> None:
    begun = time.perf_counter()
    result = await client.call_tool(tool, arguments)
    seen.taken.append((time.perf_counter() - begun) * 1000)
    if result.is_error:
        said = json.loads(getattr(result.content[0], "text", "{}"))["error"]
        seen.fail(f"{tool}: {said['code']}: {said['message'][:160]}")


def _innermost(error: BaseException) -> str:
    inner: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    return _innermost(inner[0]) if inner else type(error).__name__


async def _ready(url: str) -> None:
    with anyio.fail_after(_READY_SECONDS):
        while True:
            try:
                async with Client(url) as client:
                    await client.list_tools()
                    return
            except Exception:  # noqa: BLE001 - not yet listening, in whatever words the transport says it
                await anyio.sleep(0.2)


def _resident(server: psutil.Process) -> float:
    """MiB of the server and of the workers that it started."""
    found = 0
    for process in [server, *server.children(recursive=True)]:
        try:
            found += process.memory_info().rss
        except psutil.NoSuchProcess:  # a worker that ended between the listing and the look
            continue
    return found / (1 << 20)


def _told(seen: _Seen, seconds: float, clients: int) -> bool:
    warm = [size for at, size in seen.memory if at >= seconds * _WARM]
    third = max(len(warm) // 3, 1)
    early, late = statistics.median(warm[:third]), statistics.median(warm[-third:])
    cuts = statistics.quantiles(seen.taken, n=100)
    flat = late <= early * (1 + _GROWTH)
    print(f"{clients} HTTP clients for {seconds:.0f} s: {len(seen.taken):,} calls, {sum(seen.failed.values())} failed")
    for said, times in seen.failed.items():
        print(f"  {times} x {said}")
    print(f"  p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms")
    print(
        f"  memory after the first {_WARM:.0%}: {early:,.0f} MiB, at the end {late:,.0f} MiB, most {max(warm):,.0f} MiB"
    )
    print(f"  {'flat' if flat else 'GROWS'}")
    return flat and not seen.failed


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    sys.exit(0 if run(SECONDS, int(sys.argv[2]) if len(sys.argv) > 2 else 64) else 1)
