"""Re-sync of one restated month: what it costs in a ledger of 13 months, against a ledger that has this month alone."""

import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

import anyio
from mcp import Client

from benchmarks.bills import months_until, write_bill
from skyledger.compose import compose

_OPEN: Final = datetime(2026, 11, 1, tzinfo=UTC)
_MONTHS: Final = 13
_TURNS: Final = 3


def run(rows: int) -> None:
    with tempfile.TemporaryDirectory(prefix="skyledger-bench-") as name:
        whole = anyio.run(_restate, Path(name) / "whole", rows // _MONTHS, months_until(_OPEN, _MONTHS))
        alone = anyio.run(_restate, Path(name) / "alone", rows // _MONTHS, [_OPEN])
    print(f"finops_sync after one of {_MONTHS} months was restated, ledger of {rows:,} rows, best of {_TURNS}")
    print(f"  a ledger of this month alone      {alone:7.2f} s CPU")
    print(f"  the whole ledger                  {whole:7.2f} s CPU")
    print(
        f"  ratio                             {whole / alone:7.2f}   ({_MONTHS} would be in proportion to the ledger)"
    )


async def _restate(home: Path, rows: int, months: list[datetime]) -> float:
    """CPU seconds of a sync that finds the open month changed and the others as they were."""
    os.environ.update(SKYLEDGER_HOME=str(home / "home"), SKYLEDGER_AWS_EXPORTS=str(home / "aws"))
    for month in months:
        _write(home, month, rows, 0)
    async with Client(compose(None), read_timeout_seconds=3600) as client:
        await sync(client)
        best = float("inf")
        for turn in range(1, _TURNS + 1):
            _write(home, _OPEN, rows, turn)
            used = time.process_time()
            await sync(client)
            best = min(best, time.process_time() - used)
    return best


def _write(home: Path, month: datetime, rows: int, seed: int) -> None:
    write_bill(home / "aws" / "costs" / f"{month:%Y-%m}" / "bill.parquet", "aws", month, rows, seed=seed)


async def sync(client: Client) -> None:
    answer = await _call(client, "finops_sync", {"wait_seconds": 600})
    while answer["state"] in {"queued", "running"}:
        await anyio.sleep(1)
        answer = await _call(client, "finops_get_job", {"job_id": answer["job_id"]})
    assert answer["state"] == "done", answer


async def _call(client: Client, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return cast("dict[str, Any]", result.structured_content)
