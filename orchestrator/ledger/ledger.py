"""The ledger: open it, adopt bills, take snapshots, run questions. Any number of processes may hold one."""

import shutil
import sqlite3
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb

from orchestrator.ledger.adopt import Adoption, Booking, Progress, adopt
from orchestrator.ledger.attached import AttachedCubes
from orchestrator.ledger.catalog import Catalog, generation_at, newest_generation, require_kept, unstamp
from orchestrator.ledger.duck import open_memory, readable
from orchestrator.ledger.home import LedgerHome
from orchestrator.ledger.leases import Leases
from orchestrator.ledger.loads import Load, loads_at
from orchestrator.ledger.snapshot import Snapshot
from serving.files import publish, temporary
from shared_models.disk import unavailable
from shared_models.export import ExportPart, ImportReport
from shared_models.period import utc_now
from shared_models.quoting import literal


class Ledger:
    """The local cache of FOCUS line items, as one process sees it."""

    def __init__(self, root: Path, clock: Callable[[], datetime] = utc_now) -> None:
        self.home = LedgerHome(root).prepare()
        self.catalog = Catalog(self.home)
        self._leases = Leases(self.catalog, clock)
        self._memory: duckdb.DuckDBPyConnection | None = None
        self._cubes = AttachedCubes(self.home)
        self._guard = threading.Lock()
        self._latest: Snapshot | None = None

    def close(self) -> None:
        """Give back the connection and the leases; the files stay."""
        with self._guard:
            if self._memory is not None:
                self._memory.close()
                self._memory = None
                self._cubes = AttachedCubes(self.home)
        self._leases.release()

    def adopt(
        self,
        parts: Sequence[ExportPart],
        reports: Sequence[ImportReport],
        *,
        now: datetime,
        reason: str,
        progress: Progress | None = None,
        beside: Booking | None = None,
    ) -> Adoption:
        """Verify and commit converted bills in one step; see `adopt.adopt`."""
        return adopt(self.catalog, parts, reports, now=now, reason=reason, progress=progress, beside=beside)

    def keep_rejected(self, report: ImportReport) -> ImportReport:
        """Bring the rejected rows of an import into the ledger's folder; returns the report that names them there.

        Raises:
            LedgerUnavailableError: the disk refused.

        """
        if report.rejected_path is None:
            return report
        source = Path(report.rejected_path)
        target = self.home.rejected / source.name
        try:
            with temporary(target) as beside:
                shutil.copyfile(source, beside)
                publish(beside, target)
        except OSError as error:
            raise unavailable(error, target.name) from error
        return report.model_copy(update={"rejected_path": str(target)})

    def snapshot(self, as_of: datetime | None = None, generation: int | None = None) -> Snapshot:
        """The newest snapshot, or the one that was current at `as_of`, or the one of a generation; leased.

        Raises:
            SnapshotExpiredError: it is no longer kept.

        """

        def find(connection: sqlite3.Connection) -> int:
            if generation is not None:
                return generation
            return newest_generation(connection) if as_of is None else generation_at(connection, as_of)

        with self.catalog.reading() as connection:
            wanted = find(connection)
        latest = self._latest
        if not self._leases.held(wanted):
            wanted = self._leases.hold(find)
        if latest is not None and latest.generation == wanted:
            return latest
        with self.catalog.reading() as connection:
            require_kept(connection, wanted)
            row = connection.execute("SELECT committed_at FROM generation WHERE id = ?", [wanted]).fetchone()
            snapshot = Snapshot(
                generation=wanted,
                committed_at=unstamp(row["committed_at"]) if row else None,
                loads=loads_at(connection, wanted),
            )
        if as_of is None and generation is None:
            self._latest = snapshot
        return snapshot

    def fact_path(self, load: Load) -> Path:
        """The Parquet file of a load's line items."""
        return self.home.root / load.file

    def facts_relation(self, loads: Sequence[Load]) -> str:
        """SQL for the line items of these loads."""
        files = ", ".join(literal(str(self.fact_path(load))) for load in loads)
        return f"read_parquet([{files}])"

    def cube_alias(self, load: Load) -> str:
        """The database name of a load's cube file, attached on first use.

        Raises:
            LedgerCorruptError: neither the cube nor the facts can be read.

        """
        with self._guard:
            return self._cubes.alias(self._open(), load)

    def mend(self) -> bool:
        """Make again the cubes in use that cannot be read to their end; says whether there was one.

        Raises:
            LedgerCorruptError: the facts cannot be read either.

        """
        with self._guard:
            return self._cubes.mend(self._open())

    @contextmanager
    def cursor(self) -> Generator[duckdb.DuckDBPyConnection, None, None]:
        """A cursor for one question; give it back at once. One cursor is for one thread.

        Raises:
            LedgerCorruptError: a file that the question reads is gone or damaged.

        """
        with self._guard:
            cursor = self._open().cursor()
        try:
            with readable("the ledger"):
                yield cursor
        finally:
            cursor.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._memory is None:
            self._memory = open_memory()
        return self._memory
