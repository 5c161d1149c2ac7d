"""Query: finops_query_costs through an in-memory MCP client, against the same sums as SQL over the fact files."""

import os
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median

import anyio
from mcp import Client

from orchestrator.ledger.ledger import Ledger
from servers.sample.generate import generate
from skyledger.compose import compose

TIMES = 30
ARGUMENTS = {"period": "2026-10", "group_by": ["ServiceName"], "limit": 20}


def run(rows: int) -> None:
    with tempfile.TemporaryDirectory(prefix="skyledger-bench-") as name:
        os.environ["SKYLEDGER_HOME"] = name
        generate(Path(name) / "sample", rows=rows)
        anyio.run(_measure, Path(name), rows)


async def _measure(home: Path, rows: int) -> None:
    async with Client(compose(home / "sample"), read_timeout_seconds=600) as client:
        await client.call_tool("finops_sync", {"wait_seconds": 600})
        await client.call_tool("finops_query_costs", ARGUMENTS)
        with closing(Ledger(home / "sample-state" / "ledger")) as ledger, ledger.cursor() as cursor:
            sql = _same_sums(ledger)
            cursor.execute(sql).fetchall()
            raw: list[tuple[float, float]] = []
            ours: list[tuple[float, float]] = []
            for _ in range(TIMES):  # in turn, so that a busy machine hits both alike
                begun = time.perf_counter(), time.process_time()
                cursor.execute(sql).fetchall()
                raw.append(_spent(begun))
                begun = time.perf_counter(), time.process_time()
                await client.call_tool("finops_query_costs", ARGUMENTS)
                ours.append(_spent(begun))
    print(f"query over {rows:,} rows, service by month, {TIMES} times in turn, in-memory client: median and least ms")
    for name, spent in (("the same SQL over the fact files", raw), ("finops_query_costs through MCP", ours)):
        walls, cpus = zip(*spent, strict=True)
        print(f"  {name:34} {median(walls):7.1f} {min(walls):7.1f}   CPU {median(cpus):7.1f} {min(cpus):7.1f}")
    print(f"  ratio of the medians               {median(w for w, _ in ours) / median(w for w, _ in raw):7.2f}")
    print(f"  ratio of the least                 {min(ours)[0] / min(raw)[0]:7.2f}")


def _same_sums(ledger: Ledger) -> str:
    return (
        "SELECT ServiceName, BillingCurrency, sum(EffectiveCost)"
        f" FROM {ledger.facts_relation(ledger.snapshot().booked)}"
        " WHERE ChargePeriodStart >= TIMESTAMP '2026-10-01' AND ChargePeriodStart < TIMESTAMP '2026-11-01'"
        " GROUP BY 1, 2"
    )


def _spent(begun: tuple[float, float]) -> tuple[float, float]:
    """(wall, CPU) milliseconds since then."""
    return (time.perf_counter() - begun[0]) * 1000, (time.process_time() - begun[1]) * 1000
