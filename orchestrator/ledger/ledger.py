"""The ledger: open it, adopt bills, take snapshots, run questions. Any number of processes may hold one."""

import shutil
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb

from orchestrator.ledger.adopt import Adoption, Progress, adopt
from orchestrator.ledger.catalog import Catalog, newest_generation, unstamp
from orchestrator.ledger.duck import open_memory, quoted, text_literal
from orchestrator.ledger.home import LedgerHome
from orchestrator.ledger.loads import Load, loads_at
from orchestrator.ledger.snapshot import Snapshot
from shared_models.errors import LedgerCorruptError
from shared_models.export import ExportPart, ImportReport


class Ledger:
    """The local cache of FOCUS line items, as one process sees it."""

    def __init__(self, root: Path) -> None:
        self.home = LedgerHome(root).prepare()
        self.catalog = Catalog(self.home)
        self._memory: duckdb.DuckDBPyConnection | None = None
        self._attached: dict[str, str] = {}
        self._guard = threading.Lock()
        self._latest: Snapshot | None = None

    def close(self) -> None:
        """Give back the connection; the files stay."""
        with self._guard:
            if self._memory is not None:
                self._memory.close()
                self._memory = None
                self._attached.clear()

    def adopt(
        self,
        parts: Sequence[ExportPart],
        reports: Sequence[ImportReport],
        *,
        now: datetime,
        reason: str,
        progress: Progress | None = None,
    ) -> Adoption:
        """Verify and commit converted bills in one step; see `adopt.adopt`."""
        return adopt(self.catalog, parts, reports, now=now, reason=reason, progress=progress)

    def keep_rejected(self, report: ImportReport) -> ImportReport:
        """Bring the rejected rows of an import into the ledger's folder; returns the report that names them there."""
        if report.rejected_path is None:
            return report
        source = Path(report.rejected_path)
        target = self.home.rejected / source.name
        shutil.copyfile(source, target)
        return report.model_copy(update={"rejected_path": str(target)})

    def snapshot(self, as_of: datetime | None = None, generation: int | None = None) -> Snapshot:
        """The newest snapshot, or the one that was current at `as_of`, or the one of a generation."""
        with self.catalog.reading() as connection:
            if generation is None:
                generation = newest_generation(connection) if as_of is None else self.catalog.generation_at(as_of)
            latest = self._latest
            if latest is not None and latest.generation == generation:
                return latest
            row = connection.execute("SELECT committed_at FROM generation WHERE id = ?", [generation]).fetchone()
            snapshot = Snapshot(
                generation=generation,
                committed_at=unstamp(row["committed_at"]) if row else None,
                loads=loads_at(connection, generation),
            )
        if as_of is None:
            self._latest = snapshot
        return snapshot

    def fact_path(self, load: Load) -> Path:
        """The Parquet file of a load's line items."""
        return self.home.root / load.file

    def facts_relation(self, loads: Sequence[Load]) -> str:
        """SQL for the line items of these loads."""
        files = ", ".join(text_literal(str(self.fact_path(load))) for load in loads)
        return f"read_parquet([{files}])"

    def cube_alias(self, load: Load) -> str:
        """The database name of a load's cube file, attached on first use.

        Raises:
            LedgerCorruptError: the file cannot be read.

        """
        with self._guard:
            alias = self._attached.get(load.sha256)
            if alias is None:
                alias = f"cube_{load.sha256[:16]}"
                path = load.cube_path(self.home.cubes)
                try:
                    self._open().execute(f"ATTACH {text_literal(str(path))} AS {quoted(alias)} (READ_ONLY)")
                except duckdb.Error as error:
                    raise LedgerCorruptError(
                        f"The cube of {load.provider} {load.billing_period_start:%Y-%m} cannot be read.",
                        hint="`skyledger rebuild` makes it again from its facts.",
                        details={"file": path.name},
                    ) from error
                self._attached[load.sha256] = alias
        return alias

    @contextmanager
    def cursor(self) -> Generator[duckdb.DuckDBPyConnection, None, None]:
        """A cursor for one question; give it back at once. One cursor is for one thread."""
        with self._guard:
            cursor = self._open().cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._memory is None:
            self._memory = open_memory()
        return self._memory
