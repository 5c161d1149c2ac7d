"""Adopting a bill: verify each part, file it, make its cube, then commit all parts at once."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from orchestrator.ledger.catalog import Catalog, keep_reports, new_generation, newest_generation, stamp
from orchestrator.ledger.cubes import METRICS, build_cube, cube_totals, write_cube
from orchestrator.ledger.duck import connect
from orchestrator.ledger.filing import corrupt, file_part
from orchestrator.ledger.home import LedgerHome
from orchestrator.ledger.loads import end_replaced, insert_load, rebook
from shared_models.export import ExportPart, ImportReport
from shared_models.focus.own_columns import FACT_COLUMNS
from shared_models.quoting import literal, quoted

Progress = Callable[[float, str], None]
Booking = Callable[[sqlite3.Connection], int]
"""Something to commit in the same step; it says how much that was."""


@dataclass(frozen=True)
class Adoption:
    """What an adoption changed: the new generation (or the old one when nothing was new) and its loads.

    `beside` is what else was committed in the same step.
    """

    generation: int
    added: int
    unchanged: int
    beside: int = 0


def adopt(
    catalog: Catalog,
    parts: Sequence[ExportPart],
    reports: Sequence[ImportReport],
    *,
    now: datetime,
    reason: str,
    progress: Progress | None = None,
    beside: Booking | None = None,
) -> Adoption:
    """Verify the parts, file them and commit them in one step; identical parts change nothing.

    What stands `beside` them is committed in the same step.

    Raises:
        TransferCorruptError: a part has other bytes, rows, columns or totals than announced.
        LedgerUnavailableError: the disk refused; nothing was changed.

    """
    files: dict[str, str] = {}
    with catalog.home.writing():
        for number, part in enumerate(parts):
            if progress:
                progress(number / max(len(parts), 1), f"{part.provider} {part.billing_period_start:%Y-%m}")
            files[part.sha256] = _file(catalog.home, part)
        with catalog.committing() as connection:
            adopted = _commit(connection, parts, reports, files, now=now, reason=reason)
            return replace(adopted, beside=beside(connection)) if beside else adopted


def _commit(
    connection: sqlite3.Connection,
    parts: Sequence[ExportPart],
    reports: Sequence[ImportReport],
    files: dict[str, str],
    *,
    now: datetime,
    reason: str,
) -> Adoption:
    fresh = [part for part in parts if not _is_current(connection, part)]
    if not fresh and not end_replaced(connection, parts, None, reason=reason):
        return Adoption(generation=newest_generation(connection), added=0, unchanged=len(parts))
    generation = new_generation(connection, reason, now)
    ended = end_replaced(connection, parts, generation, reason=reason)
    for part in fresh:
        insert_load(connection, part, files[part.sha256], generation, now)
    touched = {(part.provider, part.billing_account_id, stamp(part.billing_period_start)) for part in parts}
    rebook(connection, sorted(touched | ended), generation)
    keep_reports(connection, reports, generation)
    return Adoption(generation=generation, added=len(fresh), unchanged=len(parts) - len(fresh))


def _is_current(connection: sqlite3.Connection, part: ExportPart) -> bool:
    row = connection.execute(
        "SELECT 1 FROM load WHERE provider = ? AND billing_account_id = ? AND billing_period_start = ?"
        " AND source_key = ? AND source_format = ? AND sha256 = ? AND to_generation IS NULL",
        [
            part.provider,
            part.billing_account_id,
            stamp(part.billing_period_start),
            part.source_key,
            part.source_format.value,
            part.sha256,
        ],
    ).fetchone()
    return row is not None


def _file(home: LedgerHome, part: ExportPart) -> str:
    """Bring a part's file under its content's name, verified, with its cube; returns its path below the ledger."""
    name = f"{part.sha256}.parquet"
    final = home.facts / name
    file_part(part, final)
    cube = home.cubes / f"{part.sha256}.duckdb"
    build_cube(final, cube)
    try:
        _verify_totals(final, cube, part)
    except duckdb.Error:  # a cube that was damaged since it was made
        write_cube(final, cube)
        _verify_totals(final, cube, part)
    return f"facts/{name}"


def _verify_totals(facts: Path, cube: Path, part: ExportPart) -> None:
    """The file has our columns, and its cube sums to the announced totals to the last digit."""
    with connect() as connection:
        described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({literal(str(facts))})").fetchall()
        columns = {str(row[0]): str(row[1]) for row in described}
        connection.execute(f"ATTACH {literal(str(cube))} AS {quoted('verified')} (READ_ONLY)")
        found = {
            str(currency): (int(str(rows)), *(Decimal(str(value or 0)) for value in sums))
            for currency, rows, *sums in cube_totals(connection, "verified")
        }
    announced = {
        total.currency: (
            total.rows,
            *(getattr(total, metric) for metric in ("billed_cost", "effective_cost", "list_cost", "contracted_cost")),
        )
        for total in part.totals
    }
    wrong_columns = [name for name, kind in FACT_COLUMNS.items() if columns.get(name) != kind]
    if wrong_columns or found != announced:
        raise corrupt(part, "does not hold what was announced", columns=wrong_columns[:5], metrics=list(METRICS))
