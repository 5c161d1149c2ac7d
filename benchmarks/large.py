"""The standard questions over very many rows, through an in-memory client: p50 and p99 over all of them.

python -m benchmarks.large [ROWS]   (make bench-large ROWS=100000000)
"""

import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

import anyio
from mcp import Client

from benchmarks.bills import PROVIDERS, months_until, write_bill
from orchestrator.ledger.ledger import Ledger
from servers.kit.exports.convert import convert
from shared_models.period import utc_now
from skyledger.compose import compose

_LAST: Final = datetime(2026, 10, 1, tzinfo=UTC)
_MONTHS: Final = 13
_TIMES: Final = 20
_QUARTER: Final = {"start": "2026-08-01", "end": "2026-11-01"}
_QUESTIONS: Final[dict[str, dict[str, Any]]] = {
    "1 service, month": {"period": "2026-10", "group_by": ["ServiceName"]},
    "2 daily trend, 90 days": {**_QUARTER, "granularity": "day", "group_by": ["x_Provider"]},
    "3 top 50 resources, month": {"period": "2026-10", "group_by": ["ResourceId"], "limit": 50},
    "4 a tag's value, month": {"period": "2026-10", "filters": [{"column": "tags.env", "values": ["prod"]}]},
    "5 account x service, 90 days": {
        **_QUARTER,
        "group_by": ["SubAccountId", "ServiceName"],
        "filters": [{"column": "ServiceCategory", "values": ["Compute"]}],
    },
    "6 month over month, 3 keys": {
        "period": "2026-10",
        "compare_to": "2026-09",
        "group_by": ["x_Provider", "SubAccountId", "ServiceName"],
    },
    "8 total, 13 months": {"start": "2025-10-01", "end": "2026-11-01"},
    "9 month x category, 13 months": {
        "start": "2025-10-01",
        "end": "2026-11-01",
        "granularity": "month",
        "group_by": ["ServiceCategory"],
    },
    "11 one service by day, 90 days": {
        **_QUARTER,
        "granularity": "day",
        "filters": [{"column": "ServiceName", "values": ["aws service 1"]}],
    },
}
"""Those of docs/benchmarks.md, numbered as there; 7 (distinct resources) and 10 have no tool of their own."""


def run(rows: int) -> None:
    with tempfile.TemporaryDirectory(prefix="skyledger-bench-") as name:
        os.environ["SKYLEDGER_HOME"] = name
        _fill(Path(name), rows)
        anyio.run(_ask, rows)


def _fill(home: Path, rows: int) -> None:
    """The ledger, month by month, so that the disk never holds more than one bill beside it."""
    ledger = Ledger(home / "ledger")
    used, share = time.process_time(), rows // _MONTHS // len(PROVIDERS)
    for month in months_until(_LAST, _MONTHS):
        for provider in PROVIDERS:
            folder = home / "bill"
            write_bill(folder / f"{provider}.parquet", provider, month, share)
            [converted] = convert(folder, ledger.home.staging / f"{provider}-{month:%Y-%m}", provider=provider)
            ledger.adopt(converted.parts, [converted.report], now=utc_now(), reason="benchmark")
            shutil.rmtree(folder)
    ledger.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{rows:,} rows written, converted and adopted: {time.process_time() - used:,.0f} s CPU, peak {peak:,.0f} MiB"
    )


async def _ask(rows: int) -> None:
    every: list[float] = []
    print(f"standard questions over {rows:,} rows, {_TIMES} times each, in-memory client: p50 and worst, in ms")
    async with Client(compose(None), read_timeout_seconds=600) as client:
        for name, arguments in _QUESTIONS.items():
            await _once(client, arguments)  # attaches the cubes and looks up names, once a process
            taken: list[float] = []
            read_from = ""
            used = time.process_time()
            for _ in range(_TIMES):
                read_from, wall = await _once(client, arguments)
                taken.append(wall)
            cpu = (time.process_time() - used) / _TIMES * 1000
            print(f"  {name:32} {statistics.median(taken):7.1f} {max(taken):7.1f}  CPU {cpu:6.1f}  {read_from}")
            every += taken
    cuts = statistics.quantiles(every, n=100)
    print(f"  all: p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms (goal 50 and 200)")


async def _once(client: Client, arguments: dict[str, Any]) -> tuple[str, float]:
    started = time.perf_counter()
    result = await client.call_tool("finops_query_costs", arguments)
    wall = (time.perf_counter() - started) * 1000
    assert not result.is_error, result.content
    answer = cast("dict[str, Any]", result.structured_content)
    return answer["evidence"]["read_from"], wall


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000_000)
