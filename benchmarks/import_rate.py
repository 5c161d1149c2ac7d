"""Import: rows per CPU second of the converter, against raw DuckDB loading the same Parquet into a sorted table."""

import resource
import tempfile
import time
from pathlib import Path

import duckdb

from servers.kit.exports.convert import convert
from servers.sample.generate import generate


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run(rows: int) -> None:
    with tempfile.TemporaryDirectory(prefix="skyledger-bench-") as name:
        folder = Path(name)
        generate(folder / "sample", rows=rows, months=3)
        bill = folder / "sample" / "gcp" / "costs"
        [source] = [path for path in bill.iterdir() if "focus" in path.name]

        started, wall = cpu(), time.perf_counter()
        with duckdb.connect(str(folder / "raw.duckdb")) as connection:
            connection.execute(
                f"CREATE TABLE fact AS SELECT * FROM read_parquet('{source}/*.parquet', union_by_name=true)"
                " ORDER BY BillingPeriodStart, SubAccountId, ServiceName, ChargePeriodStart, ResourceId"
            )
            count = connection.execute("SELECT count(*) FROM fact").fetchone()[0]
        raw, raw_wall = cpu() - started, time.perf_counter() - wall

        started, wall = cpu(), time.perf_counter()
        [converted] = convert(source, folder / "out", provider="gcp")
        ours, our_wall = cpu() - started, time.perf_counter() - wall
    assert converted.report.rows_kept == count
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"import of {count:,} FOCUS rows (Parquet), peak {peak:,.0f} MiB")
    print(f"  raw DuckDB, sorted table  {count / raw:10,.0f} rows per CPU s  ({raw_wall:.1f} s wall)")
    print(f"  skyledger convert         {count / ours:10,.0f} rows per CPU s  ({our_wall:.1f} s wall)")
    print(f"  ratio                     {raw / ours:10.2f}")
