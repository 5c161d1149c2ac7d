"""Rebuild: the catalogue again from its journal, cubes and merged datasets from their files; never user state."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orchestrator.ledger import journal
from orchestrator.ledger.catalog import Catalog, newest_generation
from orchestrator.ledger.cubes import write_cube
from orchestrator.ledger.dataset_files import Lost, repair_datasets
from orchestrator.ledger.filing import is_intact
from orchestrator.ledger.home import LedgerHome
from orchestrator.ledger.loads import Load, loads_at
from shared_models.disk import unavailable
from shared_models.errors import LedgerCorruptError


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild made: the damaged catalogue's new name, the cubes, and the loads whose facts are lost.

    `gaps` counts commits that the journal no longer tells; `untold` says that it is lost altogether, beside facts.
    """

    set_aside: Path | None
    gaps: int
    untold: bool
    cubes: int
    lost: tuple[Load, ...]
    lost_datasets: tuple[Lost, ...]


def rebuild(home: LedgerHome, now: datetime) -> Rebuilt:
    """Make again whatever can be made; facts with other bytes than they were booked with are set aside.

    Raises:
        LedgerUnavailableError: the disk refused.

    """
    home.prepare()
    moved = None
    lost_catalogue = not home.catalog.exists()
    try:
        if not lost_catalogue:
            Catalog(home).check()
    except LedgerCorruptError:
        moved = set_aside_catalog(home)
        lost_catalogue = True
    gaps = journal.read(home.journal).gaps if lost_catalogue else 0
    untold = lost_catalogue and not home.journal.exists() and any(home.facts.iterdir())
    catalog = Catalog(home, accept_gaps=True)
    with catalog.committing() as connection:
        catalog.rewrite_journal(connection)
    lost = tuple(load for load in _current(catalog) if not is_intact(home.root / load.file, load.sha256))
    cubes = rebuild_cubes(catalog, without=lost)
    return Rebuilt(moved, gaps, untold, cubes, lost, repair_datasets(catalog, now))


def rebuild_cubes(catalog: Catalog, without: Sequence[Load] = ()) -> int:
    """Make the cube of every current load again from its facts; returns how many. Facts are not touched.

    Raises:
        LedgerCorruptError: the facts of a load are gone.
        LedgerUnavailableError: the disk refused.

    """
    home = catalog.home
    skipped = {load.load_id for load in without}
    loads = [load for load in _current(catalog) if load.load_id not in skipped]
    with home.writing():
        for load in loads:
            write_cube(home.root / load.file, load.cube_path(home.cubes))
    return len(loads)


def set_aside_catalog(home: LedgerHome) -> Path | None:
    """Move a damaged or foreign catalogue with its log out of the way; the next opening makes it from the journal."""
    if not home.catalog.exists():
        return None
    target = home.catalog.with_name(f"catalog.damaged-{time.time_ns()}.sqlite")
    try:
        home.catalog.replace(target)
        for suffix in ("-wal", "-shm"):
            beside = home.catalog.with_name(home.catalog.name + suffix)
            if beside.exists():
                beside.replace(target.with_name(target.name + suffix))
    except OSError as error:
        raise unavailable(error, home.catalog.name) from error
    return target


def _current(catalog: Catalog) -> tuple[Load, ...]:
    with catalog.reading() as connection:
        return loads_at(connection, newest_generation(connection))
