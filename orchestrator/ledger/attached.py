"""The cubes that one process has attached; a missing or damaged one is made again from its facts."""

from collections.abc import Generator
from contextlib import contextmanager

import duckdb

from orchestrator.ledger.cubes import fill_cube, is_whole, write_cube
from orchestrator.ledger.duck import readable
from orchestrator.ledger.home import LedgerHome
from orchestrator.ledger.loads import Load
from shared_models.errors import LedgerCorruptError, LedgerUnavailableError
from shared_models.quoting import literal, quoted


class AttachedCubes:
    """Database names by load; its owner sees to it that one thread at a time is in here."""

    def __init__(self, home: LedgerHome) -> None:
        self._home = home
        self._loads: dict[str, Load] = {}

    def alias(self, connection: duckdb.DuckDBPyConnection, load: Load) -> str:
        """The database name of a load's cube, attached on first use.

        Raises:
            LedgerCorruptError: neither the cube nor the facts can be read.

        """
        if load.sha256 not in self._loads:
            try:
                self._attach_file(connection, load)
            except duckdb.Error:
                self._attach_again(connection, load)
            self._loads[load.sha256] = load
        return _alias(load)

    def mend(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Make again what is attached and cannot be read to its end; says whether there was such a cube.

        Raises:
            LedgerCorruptError: the facts cannot be read either.

        """
        damaged = [load for load in self._loads.values() if not is_whole(load.cube_path(self._home.cubes))]
        for load in damaged:
            connection.execute(f"DETACH {quoted(_alias(load))}")
            del self._loads[load.sha256]
            self._attach_again(connection, load)
            self._loads[load.sha256] = load
        return bool(damaged)

    def _attach_file(self, connection: duckdb.DuckDBPyConnection, load: Load) -> None:
        cube = load.cube_path(self._home.cubes)
        connection.execute(f"ATTACH {literal(str(cube))} AS {quoted(_alias(load))} (READ_ONLY)")

    def _attach_again(self, connection: duckdb.DuckDBPyConnection, load: Load) -> None:
        try:
            make_again(self._home, load)
            with readable(load.file):
                self._attach_file(connection, load)
        except LedgerUnavailableError:
            # A full or read-only disk stops no question: the cube is made in memory.
            connection.execute(f"ATTACH ':memory:' AS {quoted(_alias(load))}")
            with _facts_of(load), readable(load.file):
                fill_cube(connection, _alias(load), self._home.root / load.file)


def _alias(load: Load) -> str:
    return f"cube_{load.sha256[:16]}"


def make_again(home: LedgerHome, load: Load) -> None:
    """Make a load's cube again unless it can be read; of several processes that want it one works.

    Raises:
        LedgerUnavailableError: the disk refused.
        LedgerCorruptError: the facts cannot be read.

    """
    cube = load.cube_path(home.cubes)
    with home.writing(), home.mending():
        if not is_whole(cube):
            with _facts_of(load):
                write_cube(home.root / load.file, cube)


@contextmanager
def _facts_of(load: Load) -> Generator[None, None, None]:
    try:
        yield
    except LedgerCorruptError as error:
        raise LedgerCorruptError(
            f"The facts of {load.provider} {load.billing_period_start:%Y-%m} are gone or damaged.",
            hint=f"`skyledger rebuild`, then import {load.source_key} again.",
            details={"file": load.file},
        ) from error
