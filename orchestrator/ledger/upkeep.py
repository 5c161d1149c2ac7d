"""Upkeep of the ledger: choose sources of record, forget what nobody refers to any more."""

import shutil
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from orchestrator.ledger.catalog import Catalog, new_generation, stamp
from orchestrator.ledger.journal import FORGOTTEN
from orchestrator.ledger.loads import rebook
from shared_models.disk import unavailable
from shared_models.errors import InvalidArgumentError

_YOUNG: Final = timedelta(days=1)
"""Staged parts of this age or less may belong to work that has not committed yet."""


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

    Leased and pinned generations keep what they see. Returns how many files were removed: none while another process
    writes files, for which the next sweep does it.

    Raises:
        LedgerUnavailableError: the disk refused.

    """
    _forget(catalog, limit=now - retention, now=now)
    with catalog.home.sweeping() as alone:
        if not alone:
            return 0
        with catalog.reading() as connection:
            shas = {row[0] for row in connection.execute("SELECT sha256 FROM load")}
            named = {row[0] for row in connection.execute("SELECT file FROM dataset")}
        home = catalog.home
        orphans = [file for folder in (home.facts, home.cubes) for file in folder.iterdir() if _sha(file) not in shas]
        orphans += [file for file in home.snapshots.iterdir() if f"snapshots/{file.name}" not in named]
        orphans += [file for file in home.staging.iterdir() if _old(file, now)]
        return sum(_remove(file) for file in orphans)


def _forget(catalog: Catalog, *, limit: datetime, now: datetime) -> None:
    forgettable = (
        "SELECT id FROM {table} AS kept WHERE to_generation IN (SELECT id FROM generation WHERE committed_at < ?)"
        " {still} AND NOT EXISTS (SELECT 1 FROM (SELECT generation FROM lease UNION SELECT generation FROM pin)"
        " WHERE generation >= kept.from_generation AND generation < kept.to_generation)"
    )
    with catalog.committing() as connection:
        connection.execute("DELETE FROM lease WHERE expires_at < ?", [stamp(now)])
        former = {
            table: [
                int(row[0]) for row in connection.execute(forgettable.format(table=table, still=still), [stamp(limit)])
            ]
            for table, still in (("load", ""), ("dataset", f"AND file <> '{FORGOTTEN}'"))
        }
        for load_id in former["load"]:
            _forget_load(connection, load_id, now)
        connection.executemany(
            "UPDATE dataset SET file = ? WHERE id = ?", [[FORGOTTEN, found] for found in former["dataset"]]
        )
        if any(former.values()):
            catalog.prune_journal(connection)


def _forget_load(connection: sqlite3.Connection, load_id: int, now: datetime) -> None:
    """Remove a former load inside of a write transaction; the generations that saw it cannot be asked any more."""
    connection.execute(
        "UPDATE generation SET swept_at = ? FROM load WHERE load.id = ? AND generation.id >= load.from_generation"
        " AND generation.id < load.to_generation AND swept_at IS NULL",
        [stamp(now), load_id],
    )
    connection.execute("DELETE FROM load WHERE id = ?", [load_id])


def _sha(file: Path) -> str:
    return file.name.split(".")[0]


def _old(file: Path, now: datetime) -> bool:
    return now.timestamp() - file.stat().st_mtime > _YOUNG.total_seconds()


def _remove(file: Path) -> bool:
    try:
        if file.is_dir():
            shutil.rmtree(file)
        else:
            file.unlink()
    except PermissionError:  # Windows: a process has it open; the next sweep removes it
        return False
    except OSError as error:
        raise unavailable(error, file.name) from error
    return True


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
