"""The cubes that one process has attached; a missing or damaged one is made again from its facts."""

from collections.abc import Generator
from contextlib import contextmanager

import duckdb

from orchestrator.ledger.cubes import fill_cube, is_whole, write_cube
from orchestrator.ledger.duck import quoted, readable, text_literal
from orchestrator.ledger.home import LedgerHome
from orchestrator.ledger.loads import Load
from shared_models.errors import LedgerCorruptError, LedgerUnavailableError


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
        alias = f"cube_{load.sha256[:16]}"
        if load.sha256 not in self._loads:
            self._attach(connection, alias, load)
            self._loads[load.sha256] = load
        return alias

    def mend(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Make again what is attached and cannot be read to its end; says whether there was such a cube.

        Raises:
            LedgerCorruptError: the facts cannot be read either.

        """
        damaged = [load for load in self._loads.values() if not is_whole(load.cube_path(self._home.cubes))]
        for load in damaged:
            connection.execute(f"DETACH {quoted(f'cube_{load.sha256[:16]}')}")
            del self._loads[load.sha256]
            self.alias(connection, load)
        return bool(damaged)

    def _attach(self, connection: duckdb.DuckDBPyConnection, alias: str, load: Load) -> None:
        cube = load.cube_path(self._home.cubes)
        attach = f"ATTACH {text_literal(str(cube))} AS {quoted(alias)} (READ_ONLY)"
        if cube.is_file():
            try:
                connection.execute(attach)
            except duckdb.Error:
                pass
            else:
                return
        try:
            make_again(self._home, load)
            with readable(cube.name):
                connection.execute(attach)
        except LedgerUnavailableError:
            # A full or read-only disk stops no question: the cube is made in memory.
            connection.execute(f"ATTACH ':memory:' AS {quoted(alias)}")
            with _facts_of(load), readable(load.file):
                fill_cube(connection, alias, self._home.root / load.file)


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
