"""The catalogue: one SQLite file that says which files make up which snapshot; its transactions commit."""

import sqlite3
from collections.abc import Generator, Iterable
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from orchestrator.ledger import journal
from orchestrator.ledger.database import Database
from orchestrator.ledger.home import LedgerHome
from shared_models.errors import LedgerCorruptError, SnapshotExpiredError
from shared_models.export import ImportReport

_SCHEMA: Final = Path(__file__).parent / "schema"
_REMEDY: Final = "`skyledger rebuild` makes the catalogue again from the journal; user state is not touched."
_LEASE_SECONDS: Final = 2.0


def stamp(instant: datetime) -> str:
    """A time as the catalogue stores it: UTC, sortable as text."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def unstamp(text: str) -> datetime:
    """The time behind a stamp."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


class Catalog:
    """Opens short-lived connections; any number of processes may hold a Catalog on one file."""

    def __init__(self, home: LedgerHome, *, accept_gaps: bool = False) -> None:
        """Open the catalogue; a new or lost one takes over what the journal knows.

        Raises:
            LedgerCorruptError: the catalogue is damaged or another program's, or lost together with a part of the
                journal, which only `accept_gaps` takes as it is.
            LedgerUnavailableError: the disk refused.

        """
        self.home = home
        self._database = Database(home.catalog, _SCHEMA, _REMEDY).prepare(lambda it: self._restore(it, accept_gaps))
        if not home.journal.exists() and self.current_generation():
            with self._database.committing() as connection:
                journal.rewrite(home.journal, connection)

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """A connection whose reads all see one state of the catalogue."""
        return self._database.reading()

    @contextmanager
    def committing(self) -> Generator[sqlite3.Connection, None, None]:
        """A write transaction, journaled: all of it becomes visible at once, or nothing."""
        with self._database.committing() as connection:
            before = newest_generation(connection)
            pins = _pins(connection)
            yield connection
            if newest_generation(connection) > before or _pins(connection) != pins:
                journal.append(self.home.journal, before, journal.rows_since(connection, before))

    def leasing(self) -> AbstractContextManager[sqlite3.Connection]:
        """A write transaction for leases alone: not journaled, and impatient, for a question waits for it."""
        return self._database.committing(_LEASE_SECONDS)

    def rewrite_journal(self, connection: sqlite3.Connection) -> None:
        """Let the journal say only what the catalogue says in this write transaction."""
        journal.rewrite(self.home.journal, connection)

    def prune_journal(self, connection: sqlite3.Connection) -> None:
        """Rewrite the journal where most of it is about rows that were removed."""
        if journal.is_overgrown(self.home.journal):
            self.rewrite_journal(connection)

    def check(self) -> None:
        """Read the whole file.

        Raises:
            LedgerCorruptError: it is damaged.

        """
        self._database.check()

    def current_generation(self) -> int:
        """The newest commit; 0 for an empty ledger."""
        with self.reading() as connection:
            return newest_generation(connection)

    def _restore(self, connection: sqlite3.Connection, accept_gaps: bool) -> None:  # noqa: FBT001 - prepare's callback
        known = journal.read(self.home.journal)
        if known.gaps and not accept_gaps:
            raise LedgerCorruptError(
                f"The catalogue is lost, and {known.gaps} commits of its journal cannot be read.",
                hint="`skyledger rebuild` makes again what is known and says which bills to import again.",
            )
        journal.insert(connection, journal.without_swept(known.tables, lambda name: (self.home.root / name).is_file()))


def newest_generation(connection: sqlite3.Connection) -> int:
    """The newest commit that this connection sees."""
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM generation").fetchone()[0])


def new_generation(connection: sqlite3.Connection, reason: str, now: datetime) -> int:
    """Open the next generation inside of a write transaction."""
    cursor = connection.execute("INSERT INTO generation (committed_at, reason) VALUES (?, ?)", [stamp(now), reason])
    return int(cursor.lastrowid or 0)


def keep_reports(connection: sqlite3.Connection, reports: Iterable[ImportReport], generation: int) -> None:
    """What an import said about what this generation brought."""
    connection.executemany(
        "INSERT INTO import_report (generation, report) VALUES (?, ?)",
        [[generation, report.model_dump_json()] for report in reports],
    )


def generation_at(connection: sqlite3.Connection, instant: datetime) -> int:
    """The newest commit at or before an instant; 0 before the first."""
    row = connection.execute(
        "SELECT coalesce(max(id), 0) FROM generation WHERE committed_at <= ?", [stamp(instant)]
    ).fetchone()
    return int(row[0])


def require_kept(connection: sqlite3.Connection, generation: int) -> None:
    """Check that a generation can still be asked; 0, the empty ledger, always can.

    Raises:
        SnapshotExpiredError: a part of it was swept, or it was never there.

    """
    row = connection.execute("SELECT swept_at FROM generation WHERE id = ?", [generation]).fetchone()
    if generation and (row is None or row["swept_at"] is not None):
        raise SnapshotExpiredError(generation)


def _pins(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute("SELECT * FROM pin ORDER BY name")]
