"""Upkeep of the ledger: check it, make it again from what it holds, forget what nobody refers to any more."""

import sqlite3
import time
from datetime import datetime, timedelta
from pathlib import Path

from orchestrator.ledger.catalog import Catalog, new_generation, stamp
from orchestrator.ledger.cubes import build_cube
from orchestrator.ledger.home import LedgerHome
from orchestrator.ledger.loads import loads_at, rebook
from shared_models.errors import InvalidArgumentError, LedgerCorruptError

_YOUNG_SECONDS = 3600.0
"""A file younger than this may belong to an import that has not committed yet."""


def rebuild_cubes(catalog: Catalog) -> int:
    """Make every cube again from its facts; returns how many. Facts and user state are not touched.

    Raises:
        LedgerCorruptError: the facts of a load are gone.

    """
    home = catalog.home
    with catalog.reading() as connection:
        generation = connection.execute("SELECT coalesce(max(id), 0) FROM generation").fetchone()[0]
        loads = loads_at(connection, int(generation))
    for load in loads:
        facts = home.root / load.file
        if not facts.is_file():
            raise LedgerCorruptError(
                f"The facts of {load.provider} {load.billing_period_start:%Y-%m} are gone.",
                hint=f"Import {load.source_key} again.",
                details={"file": load.file},
            )
        cube = load.cube_path(home.cubes)
        cube.unlink(missing_ok=True)
        build_cube(facts, cube)
    return len(loads)


def set_aside_catalog(home: LedgerHome) -> Path | None:
    """Move a damaged or foreign catalogue out of the way; the ledger starts empty and is filled from its sources."""
    if not home.catalog.exists():
        return None
    target = home.catalog.with_name(f"catalog.damaged-{int(time.time())}.sqlite")
    home.catalog.replace(target)
    for suffix in ("-wal", "-shm"):
        home.catalog.with_name(home.catalog.name + suffix).unlink(missing_ok=True)
    return target


def prefer(catalog: Catalog, provider: str, billing_account_id: str, source_key: str | None, now: datetime) -> None:
    """Say which source counts for a billing account; None goes back to the rules.

    Raises:
        InvalidArgumentError: the ledger knows no such account or source.

    """
    with catalog.committing() as connection:
        _require_source(connection, provider, billing_account_id, source_key)
        connection.execute(
            "DELETE FROM preference WHERE provider = ? AND billing_account_id = ?", [provider, billing_account_id]
        )
        if source_key is not None:
            connection.execute(
                "INSERT INTO preference VALUES (?, ?, ?, ?)", [provider, billing_account_id, source_key, stamp(now)]
            )
        periods = connection.execute(
            "SELECT DISTINCT billing_period_start FROM load WHERE provider = ? AND billing_account_id = ?",
            [provider, billing_account_id],
        ).fetchall()
        generation = new_generation(connection, "prefer", now)
        rebook(connection, [(provider, billing_account_id, row[0]) for row in periods], generation)


def sweep(catalog: Catalog, *, retention: timedelta, now: datetime) -> int:
    """Forget loads that were replaced longer ago than the retention, then remove files nobody refers to.

    Leased and pinned generations keep what they see. Returns how many files were removed.
    """
    limit = stamp(now - retention)
    with catalog.committing() as connection:
        connection.execute("DELETE FROM lease WHERE expires_at < ?", [stamp(now)])
        held = connection.execute(
            "SELECT min(generation) FROM (SELECT generation FROM lease UNION SELECT generation FROM pin)"
        ).fetchone()[0]
        for table in ("load", "dataset"):
            connection.execute(
                f"DELETE FROM {table} WHERE to_generation IN (SELECT id FROM generation WHERE committed_at < ?)"
                " AND (? IS NULL OR to_generation <= ?)",
                [limit, held, held],
            )
        kept = {row[0] for row in connection.execute("SELECT sha256 FROM load")}
        named = {row[0] for row in connection.execute("SELECT file FROM dataset")}
    return _remove_orphans(catalog.home, kept, named, now)


def _remove_orphans(home: LedgerHome, kept: set[str], named: set[str], now: datetime) -> int:
    removed = 0
    candidates = [*home.facts.iterdir(), *home.cubes.iterdir(), *home.snapshots.iterdir(), *home.staging.iterdir()]
    for file in candidates:
        known = file.stem in kept or f"snapshots/{file.name}" in named
        if known or not file.is_file() or now.timestamp() - file.stat().st_mtime < _YOUNG_SECONDS:
            continue
        file.unlink(missing_ok=True)
        removed += 1
    return removed


def _require_source(connection: sqlite3.Connection, provider: str, account: str, source_key: str | None) -> None:
    known = [
        row[0]
        for row in connection.execute(
            "SELECT DISTINCT source_key FROM load WHERE provider = ? AND billing_account_id = ?", [provider, account]
        )
    ]
    if not known or (source_key is not None and source_key not in known):
        raise InvalidArgumentError(
            "source", f"The ledger has no such source for {provider} {account}.", hint="`skyledger sources` lists them."
        )
