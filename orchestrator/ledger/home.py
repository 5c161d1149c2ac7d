"""Where the ledger lives: one folder, private to its owner, with the catalogue as its one commit point."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from serving import files
from shared_models.disk import unavailable


@dataclass(frozen=True)
class LedgerHome:
    """The folders and files of one ledger."""

    root: Path

    @property
    def catalog(self) -> Path:
        """Snapshots, files, totals, precedence: the one commit point."""
        return self.root / "catalog.sqlite"

    @property
    def journal(self) -> Path:
        """What each commit wrote, one line each: enough to make a lost catalogue again."""
        return self.root / "journal.jsonl"

    @property
    def state(self) -> Path:
        """User state, which a rebuild never touches."""
        return self.root / "state.sqlite"

    @property
    def facts(self) -> Path:
        """Immutable FOCUS line items, one Parquet file per load."""
        return self.root / "facts"

    @property
    def cubes(self) -> Path:
        """Immutable DuckDB files, one per load, made from its facts alone."""
        return self.root / "cubes"

    @property
    def snapshots(self) -> Path:
        """Immutable Parquet of inventory, usage, prices, commitments and recommendations."""
        return self.root / "snapshots"

    @property
    def rejected(self) -> Path:
        """Rows that could not be booked, with their reasons."""
        return self.root / "rejected"

    @property
    def staging(self) -> Path:
        """Where parts arrive before they are verified and adopted."""
        return self.root / "staging"

    def writing(self) -> AbstractContextManager[None]:
        """While this is held, no sweep removes a file: for work whose files are not committed yet, however long."""
        return files.shared_lock(self.root / "sweep.lock")

    def sweeping(self) -> AbstractContextManager[bool]:
        """Whether nobody is writing files now, and nobody begins to while this is held."""
        return files.exclusive_lock(self.root / "sweep.lock", wait=False)

    def mending(self) -> AbstractContextManager[bool]:
        """Held by the one process that makes damaged cubes again; the others wait for it."""
        return files.exclusive_lock(self.root / "mend.lock")

    def prepare(self) -> "LedgerHome":
        """Make the folders, readable by their owner alone.

        Raises:
            LedgerUnavailableError: the folder cannot be made or written.

        """
        try:
            for folder in (self.root, self.facts, self.cubes, self.snapshots, self.rejected, self.staging):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise unavailable(error, self.root.name) from error
        return self
