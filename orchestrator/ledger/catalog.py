"""The catalogue: one SQLite file that says which files make up which snapshot; its transactions commit."""

import json
import sqlite3
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from orchestrator.ledger.database import Database
from orchestrator.ledger.home import LedgerHome

SCHEMA_VERSION: Final = 1
_SCHEMA: Final = Path(__file__).parent / "catalog.sql"
_REMEDY: Final = "`skyledger rebuild` makes the ledger again from its sources; user state is not touched."


def stamp(instant: datetime) -> str:
    """A time as the catalogue stores it: UTC, sortable as text."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def unstamp(text: str) -> datetime:
    """The time behind a stamp."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


class Catalog:
    """Opens short-lived connections; any number of processes may hold a Catalog on one file."""

    def __init__(self, home: LedgerHome) -> None:
        self.home = home
        self._database = Database(home.catalog, _SCHEMA, SCHEMA_VERSION, _REMEDY).prepare()

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """A connection whose reads all see one state of the catalogue."""
        return self._database.reading()

    def committing(self) -> AbstractContextManager[sqlite3.Connection]:
        """A write transaction: all of it becomes visible at once, or nothing."""
        return self._database.committing()

    def current_generation(self) -> int:
        """The newest commit; 0 for an empty ledger."""
        with self.reading() as connection:
            return newest_generation(connection)

    def generation_at(self, instant: datetime) -> int:
        """The newest commit at or before an instant; 0 before the first."""
        with self.reading() as connection:
            row = connection.execute(
                "SELECT coalesce(max(id), 0) FROM generation WHERE committed_at <= ?", [stamp(instant)]
            ).fetchone()
            return int(row[0])

    def reports(self, limit: int = 20) -> list[dict[str, object]]:
        """The newest import reports, newest first."""
        with self.reading() as connection:
            rows = connection.execute("SELECT report FROM import_report ORDER BY id DESC LIMIT ?", [limit]).fetchall()
        return [json.loads(row["report"]) for row in rows]


def newest_generation(connection: sqlite3.Connection) -> int:
    """The newest commit that this connection sees."""
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM generation").fetchone()[0])


def new_generation(connection: sqlite3.Connection, reason: str, now: datetime) -> int:
    """Open the next generation inside of a write transaction."""
    cursor = connection.execute("INSERT INTO generation (committed_at, reason) VALUES (?, ?)", [stamp(now), reason])
    return int(cursor.lastrowid or 0)
