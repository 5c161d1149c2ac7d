"""Snapshots whose files are gone: which they are, and what of them can be made again from others."""

import sqlite3
from datetime import datetime
from pathlib import Path

from orchestrator.ledger.catalog import Catalog, new_generation
from orchestrator.ledger.dataset_sources import MERGED, settle_sources
from orchestrator.ledger.filing import is_intact
from orchestrator.ledger.home import LedgerHome
from shared_models.dataset import DatasetName
from shared_models.disk import unavailable

Lost = tuple[str, str, str]
"""(dataset, provider, source) of a snapshot that has to come again."""


def lost_datasets(catalog: Catalog) -> tuple[Lost, ...]:
    """The snapshots whose file is gone; the next sync brings them again, or the next import of their files."""
    return tuple(_named(row) for row in _current(catalog) if not _file(catalog.home, row).is_file())


def repair_datasets(catalog: Catalog, now: datetime) -> tuple[Lost, ...]:
    """Read every current snapshot, set damaged ones aside, merge again what was merged; returns what stays lost.

    Raises:
        LedgerUnavailableError: the disk refused.

    """
    with catalog.home.writing():
        broken = [row for row in _current(catalog) if not _intact(catalog.home, row)]
        sources = {_named(row) for row in broken if row["source_key"] != MERGED}
        for row in broken:
            whole = (row["name"], row["provider"]) not in {lost[:2] for lost in sources}
            if row["source_key"] == MERGED and whole:
                _merge_again(catalog, row, now)
    return lost_datasets(catalog)


def _merge_again(catalog: Catalog, row: sqlite3.Row, now: datetime) -> None:
    with catalog.committing() as connection:
        generation = new_generation(connection, "rebuild", now)
        settle_sources(connection, catalog.home, DatasetName(row["name"]), row["provider"], generation, now)


def _current(catalog: Catalog) -> list[sqlite3.Row]:
    with catalog.reading() as connection:
        return connection.execute(
            "SELECT * FROM dataset WHERE to_generation IS NULL ORDER BY name, provider, source_key"
        ).fetchall()


def _intact(home: LedgerHome, row: sqlite3.Row) -> bool:
    try:
        return is_intact(_file(home, row), row["sha256"])
    except OSError as error:
        raise unavailable(error, row["file"]) from error


def _file(home: LedgerHome, row: sqlite3.Row) -> Path:
    return home.root / row["file"]


def _named(row: sqlite3.Row) -> Lost:
    return row["name"], row["provider"], row["source_key"]
