"""Import: rows per CPU second of the converter, against raw DuckDB loading the same Parquet into a sorted table.

Both are run in turn several times and the best of each counts, so that a busy machine does not decide the ratio.
"""

import resource
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb

from servers.kit.exports.convert import convert
from servers.sample.generate import generate

_TURNS = 4
_BILLS = (("gcp", "gcp/costs/gcp_billing_export_focus*", "decimals"), ("aws", "aws/costs/quillhaven-focus", "floats"))


def run(rows: int) -> None:
    with tempfile.TemporaryDirectory(prefix="skyledger-bench-") as name:
        folder = Path(name)
        generate(folder / "sample", rows=rows, months=3)
        for provider, pattern, kind in _BILLS:
            [source] = (folder / "sample").glob(pattern)
            _compare(source, provider, kind, folder)


def _compare(source: Path, provider: str, kind: str, folder: Path) -> None:
    files = [str(file) for file in source.rglob("*.parquet")]
    kept: list[int] = []

    def raw() -> None:
        database = folder / "raw.duckdb"
        with duckdb.connect(str(database)) as connection:
            connection.execute(
                f"CREATE TABLE fact AS SELECT * FROM read_parquet({files}, union_by_name=true)"
                " ORDER BY BillingPeriodStart, SubAccountId, ServiceName, ChargePeriodStart, ResourceId"
            )
        database.unlink()

    def ours() -> None:
        [converted] = convert(source, folder / "out", provider=provider)
        kept.append(converted.report.rows_kept)
        shutil.rmtree(folder / "out")

    turns = [(_cpu(raw), _cpu(ours)) for _ in range(_TURNS)]
    best = {raw: min(turn[0] for turn in turns), ours: min(turn[1] for turn in turns)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"import of {kept[0]:,} FOCUS rows ({provider}, Parquet, money as {kind}), peak {peak:,.0f} MiB")
    print(f"  raw DuckDB, sorted table  {kept[0] / best[raw]:10,.0f} rows per CPU s")
    print(f"  skyledger convert         {kept[0] / best[ours]:10,.0f} rows per CPU s")
    print(f"  ratio                     {best[raw] / best[ours]:10.2f}")


def _cpu(step: Callable[[], None]) -> float:
    """CPU seconds of one turn."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    step()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
