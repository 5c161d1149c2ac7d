"""Where the ledger lives: one folder, private to its owner, with the catalogue as its one commit point."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path

from shared_models.errors import LedgerUnavailableError


@dataclass(frozen=True)
class LedgerHome:
    """The folders and files of one ledger."""

    root: Path

    @property
    def catalog(self) -> Path:
        """Snapshots, files, totals, precedence: the one commit point."""
        return self.root / "catalog.sqlite"

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

    def prepare(self) -> "LedgerHome":
        """Make the folders, readable by their owner alone.

        Raises:
            LedgerUnavailableError: the folder cannot be made or written.

        """
        try:
            for folder in (self.root, self.facts, self.cubes, self.snapshots, self.rejected, self.staging):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise unavailable(error, self.root) from error
        return self


def unavailable(error: OSError, where: Path) -> LedgerUnavailableError:
    """What a failing disk means to the reader: full, read-only, forbidden, or something else."""
    reasons = {
        errno.ENOSPC: ("The disk is full", "Free some space and repeat; nothing was changed."),
        errno.EROFS: ("The disk is read-only", "Set SKYLEDGER_HOME to a folder that can be written."),
        errno.EACCES: ("Permission was denied", "Set SKYLEDGER_HOME to a folder that you own."),
        errno.EPERM: ("Permission was denied", "Set SKYLEDGER_HOME to a folder that you own."),
        errno.ENOTDIR: ("A file stands where a folder should be", "Set SKYLEDGER_HOME to a folder."),
        errno.EEXIST: ("A file stands where a folder should be", "Set SKYLEDGER_HOME to a folder."),
    }
    said, hint = reasons.get(error.errno or 0, (f"The disk answered {error.strerror}", "Check the disk and repeat."))
    return LedgerUnavailableError(f"{said}: {where.name}.", hint=hint, details={"errno": error.errno})


def publish(temporary: Path, final: Path) -> None:
    """Make a finished file visible under its final name, durably: fsync the file, rename, fsync the folder.

    Raises:
        LedgerUnavailableError: the disk refused.

    """
    try:
        with temporary.open("rb+") as handle:
            os.fsync(handle.fileno())
        temporary.replace(final)
        _sync_folder(final.parent)
    except OSError as error:
        raise unavailable(error, final) from error


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows cannot open a folder for fsync; the rename itself is journaled there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
