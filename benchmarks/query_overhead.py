"""Query: finops_query_costs through an in-memory MCP client, against the same sums as SQL over the fact files."""

import os
import statistics
import tempfile
import time
from pathlib import Path

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
        ours = []
        for _ in range(TIMES):
            started = time.perf_counter()
            await client.call_tool("finops_query_costs", ARGUMENTS)
            ours.append((time.perf_counter() - started) * 1000)
    ledger = Ledger(home / "sample-state" / "ledger")
    snapshot = ledger.snapshot()
    sql = (
        f"SELECT ServiceName, BillingCurrency, sum(EffectiveCost) FROM {ledger.facts_relation(snapshot.booked)}"
        " WHERE ChargePeriodStart >= TIMESTAMP '2026-10-01' AND ChargePeriodStart < TIMESTAMP '2026-11-01'"
        " GROUP BY 1, 2"
    )
    raw = []
    with ledger.cursor() as cursor:
        for _ in range(TIMES):
            started = time.perf_counter()
            cursor.execute(sql).fetchall()
            raw.append((time.perf_counter() - started) * 1000)
    ledger.close()
    print(f"query over {rows:,} rows, service by month, median of {TIMES}, in-memory client")
    print(f"  the same SQL over the fact files  {statistics.median(raw):7.1f} ms")
    print(f"  finops_query_costs through MCP    {statistics.median(ours):7.1f} ms")
    print(f"  ratio                             {statistics.median(ours) / statistics.median(raw):7.2f}")
