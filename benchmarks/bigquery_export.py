"""Exported rows of Google Cloud to the ledger: Arrow batches as the Storage Read API gives them, against raw DuckDB.

What is timed is ours: month files of the mirror, conversion to FOCUS 1.4, adoption by the ledger through finops_sync.
The baseline loads the same rows into a sorted table. `python -m benchmarks.bigquery_export ROWS` asks for another size.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import duckdb
import pyarrow.parquet as pq
from mcp import Client

from benchmarks.resync import sync
from servers.gcp.billing_exports.discovery import ExportTable, Kind
from servers.gcp.billing_exports.rows import ByMonth
from servers.sample.generate import generate
from skyledger.compose import compose

_TABLE = ExportTable(kind=Kind.DETAILED, project="p", dataset="d", table="t", location="EU")
_BATCH = 10_000


def run(rows: int) -> None:
    with tempfile.TemporaryDirectory(prefix="skyledger-bench-") as name:
        folder = Path(name)
        generate(folder / "sample", rows=rows, months=3)
        [source] = (folder / "sample" / "gcp" / "costs").glob("gcp_billing_export_resource_v1_*")
        files = sorted(source.glob("*.parquet"))
        raw = _cpu(lambda: _raw(files, folder))
        landed = folder / "gcp" / "costs" / source.name
        count: list[int] = []
        landing = _cpu(lambda: count.append(_land(files, landed)))
        loading = _cpu(lambda: anyio.run(_load, folder))
        assert _kept(folder) >= count[0], "the ledger lacks rows"
    ours = landing + loading
    print(f"{count[0]:,} rows of the detailed export to the ledger, CPU")
    print(f"  raw DuckDB, sorted table   {raw:7.2f} s")
    print(f"  mirror                     {landing:7.2f} s")
    print(f"  conversion and adoption    {loading:7.2f} s")
    print(f"  ratio                      {ours / raw:7.2f}   ({count[0] / ours:,.0f} rows per CPU s)")


def _raw(files: list[Path], folder: Path) -> None:
    with duckdb.connect(str(folder / "raw.duckdb")) as connection:
        connection.execute(
            f"CREATE TABLE fact AS SELECT * FROM read_parquet({[str(file) for file in files]})"
            " ORDER BY invoice.month, project.id, service.description, usage_start_time, resource.global_name"
        )


def _land(files: list[Path], to: Path) -> int:
    """The batches into month files, as the mirror writes them."""
    to.mkdir(parents=True)
    writer = ByMonth(to, _TABLE)
    for file in files:
        for batch in pq.ParquetFile(file).iter_batches(_BATCH):
            writer.write(batch)
    writer.close()
    return writer.rows


async def _load(folder: Path) -> None:
    os.environ.update(SKYLEDGER_HOME=str(folder / "home"), SKYLEDGER_GCP_EXPORTS=str(folder / "gcp"))
    async with Client(compose(None), read_timeout_seconds=3600) as client:
        await sync(client)


def _kept(folder: Path) -> int:
    """Rows that were handed over: a credit that is no discount is a row of its own."""
    with duckdb.connect(":memory:") as connection:
        files = f"{folder}/home/servers/gcp/exports/*.parquet"
        [[rows]] = connection.execute(f"SELECT count(*) FROM read_parquet('{files}')").fetchall()
    return int(rows)


def _cpu(step: Callable[[], None]) -> float:
    before = time.process_time()
    step()
    return time.process_time() - before


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
