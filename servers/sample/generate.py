"""Write the sample organisation: what three clouds would export of a believable company, from a seed."""

import json
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import duckdb

from servers.sample.answer_key import begin_answer_key, note_month, write_answer_key
from servers.sample.aws_export import write_aws
from servers.sample.azure_export import apply_quirks, write_azure
from servers.sample.bill import begin_charge, describe_bill
from servers.sample.business import write_business
from servers.sample.commitments import add_unused_and_purchases, apply_commitments
from servers.sample.contracts import write_contracts
from servers.sample.dimensions import create_dimensions
from servers.sample.estates import ESTATES, Estate
from servers.sample.evidence import write_recommendations, write_usage
from servers.sample.extras import add_corrections, add_credits, add_support_and_tax
from servers.sample.gcp_export import write_gcp
from servers.sample.inventory import create_inventory, write_inventory
from servers.sample.kubernetes import split_clusters
from servers.sample.lines import create_lines
from servers.sample.plan import Plan
from servers.sample.usage import create_usage
from shared_models.errors import InvalidArgumentError

VERSION: Final = 2
"""Raised whenever the same arguments would give other rows."""
UNTIL: Final = datetime(2026, 11, 24, tzinfo=UTC)
MARKER: Final = "sample.json"
FOLDERS: Final = ("aws", "azure", "gcp", "business", "answer-key")
_WORKERS: Final = 2
"""Months written at a time: one month's statements are mostly too small to keep two cores busy."""
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class SampleSummary:
    """What was written: where, how many line items in all, and which billing months."""

    directory: Path
    rows: int
    months: tuple[date, ...]


def generate(
    directory: Path,
    *,
    rows: int = 400_000,
    months: int = 13,
    seed: int = 7,
    until: datetime = UNTIL,
    threads: int | None = None,
    progress: Progress | None = None,
) -> SampleSummary:
    """Write the organisation into a folder; the same arguments, whatever `threads`, write the same rows. Blocking.

    A folder that already holds exactly this organisation is left as it is; another one in it is replaced.

    Raises:
        InvalidArgumentError: the folder holds something else.

    """
    plan = Plan(rows=rows, months=months, seed=seed, until=until)
    marker = read_marker(directory)
    if marker is not None and marker == _marker(plan, marker.get("rows_written")):
        return SampleSummary(directory, int(str(marker["rows_written"])), plan.billing_months)
    _refuse_foreign(directory, known=marker is not None)
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".work-", dir=directory, ignore_cleanup_errors=True) as scratch:
        written = _write_all(Path(scratch), plan, threads, progress)
        _publish(Path(scratch), directory, plan, written)
    if progress:
        progress(1.0, "done")
    return SampleSummary(directory, written, plan.billing_months)


def _write_all(scratch: Path, plan: Plan, threads: int | None, progress: Progress | None) -> int:
    """Everything into the scratch folder; returns the number of line items."""
    with closing(_connect(scratch, threads)) as connection:
        create_dimensions(connection, plan)
        create_lines(connection, plan)
        begin_answer_key(connection)
        written = _write_months(connection, plan, scratch, threads or _WORKERS, progress)
        _write_datasets(connection, plan, scratch)
    return written


def _write_months(
    connection: duckdb.DuckDBPyConnection, plan: Plan, directory: Path, workers: int, progress: Progress | None
) -> int:
    """Every month of every estate, some at a time, each with a cursor and so temporary tables of its own."""

    def write(step: tuple[Estate, date]) -> int:
        with closing(connection.cursor()) as own:
            return _write_month(own, *step, plan, directory)

    steps = [(estate, month) for month in plan.billing_months for estate in ESTATES]
    written = 0
    with ThreadPoolExecutor(max_workers=min(workers, _WORKERS)) as pool:
        for number, (step, rows) in enumerate(zip(steps, pool.map(write, steps), strict=True), 1):
            written += rows
            if progress:
                progress(number / len(steps) * 0.97, f"{step[0].key} {step[1]:%Y-%m}")
    return written


def read_marker(directory: Path) -> dict[str, object] | None:
    """What `sample.json` says of a folder; None where the folder holds no finished organisation."""
    try:
        return json.loads((directory / MARKER).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def _refuse_foreign(directory: Path, *, known: bool) -> None:
    """A folder that holds something else in our places is left alone."""
    taken = [directory / name for name in FOLDERS if (directory / name).exists()]
    if taken and not known:
        raise InvalidArgumentError(
            "directory", f"{taken[0]} is there already.", hint="Name an empty folder, or one with an earlier sample."
        )


def _publish(scratch: Path, directory: Path, plan: Plan, written: int) -> None:
    """Put the finished folders in place, the marker last; where another process was first with the same, keep its."""
    said = _marker(plan, written)
    if read_marker(directory) == said:
        return
    (directory / MARKER).unlink(missing_ok=True)
    for name in FOLDERS:
        shutil.rmtree(directory / name, ignore_errors=True)
        (scratch / name).rename(directory / name)
    (directory / MARKER).write_text(json.dumps(said, indent=2), encoding="utf-8")


def _marker(plan: Plan, written: object) -> dict[str, object]:
    return {
        "version": VERSION,
        "seed": plan.seed,
        "rows": plan.rows,
        "rows_written": written,
        "months": plan.months,
        "until": plan.until.isoformat(),
    }


def _write_month(
    connection: duckdb.DuckDBPyConnection, estate: Estate, month: date, plan: Plan, directory: Path
) -> int:
    begin_charge(connection)
    create_usage(connection, estate, month, plan)
    apply_commitments(connection, estate)
    add_unused_and_purchases(connection, estate, month, plan)
    add_credits(connection, estate, month, plan)
    add_support_and_tax(connection, estate, month, plan)
    add_corrections(connection, estate, month, plan)
    if estate.key == "aws-jp":
        split_clusters(connection, estate)
    apply_quirks(connection, estate)
    describe_bill(connection, estate, month, plan)
    folder = directory / estate.provider / "costs"
    if estate.provider == "aws":
        write_aws(connection, estate, month, folder)
    elif estate.provider == "azure":
        write_azure(connection, month, plan, folder)
    else:
        write_gcp(connection, estate, month, folder)
    note_month(connection, plan, estate.decimals)
    row = connection.execute("SELECT count(*) FROM charge").fetchone() or (0,)
    return int(row[0])


def _write_datasets(connection: duckdb.DuckDBPyConnection, plan: Plan, directory: Path) -> None:
    """What the clouds tell beside the bill, what the business knows, and the answer key."""
    write_answer_key(connection, plan, directory / "answer-key")
    create_inventory(connection, plan)
    write_inventory(connection, plan, directory)
    write_contracts(connection, plan, directory)
    write_usage(connection, plan, directory)
    write_recommendations(connection, plan, directory, directory / "answer-key")
    write_business(connection, plan, directory / "business")


def _connect(scratch: Path, threads: int | None) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        str(scratch / "work.duckdb"),
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"},
    )
    connection.execute("SET memory_limit = '6GB'; SET GLOBAL TimeZone = 'UTC'")
    if threads is not None:
        connection.execute(f"SET threads = {int(threads)}")
    return connection
