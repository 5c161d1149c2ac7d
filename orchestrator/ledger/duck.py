"""DuckDB connections as the ledger uses them: in memory, no extensions fetched, bounded, always closed."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import duckdb
import psutil

from shared_models.disk import refused_by_disk
from shared_models.errors import LedgerCorruptError

_SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "preserve_insertion_order": "false",
}
_DAMAGED: Final = ("parquet", "corrupt database", "decompress", "snappy", "zstd", "thrift")


def open_memory() -> duckdb.DuckDBPyConnection:
    """An in-memory connection that leaves half of the machine's memory to others."""
    connection = duckdb.connect(":memory:", config=_SETTINGS)
    connection.execute(f"SET memory_limit = '{psutil.virtual_memory().total // 2}B'")
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


@contextmanager
def connect() -> Generator[duckdb.DuckDBPyConnection, None, None]:
    """A connection for one piece of work, closed at its end."""
    connection = open_memory()
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def readable(where: str) -> Generator[None, None, None]:
    """Tell a damaged file and a refusing disk from other failures of DuckDB, which stay as they are.

    Raises:
        LedgerUnavailableError: the disk refused.
        LedgerCorruptError: a file is gone, cut short or not what it should be.

    """
    try:
        yield
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        if refused := refused_by_disk(str(error), where):
            raise refused from error
        if isinstance(error, duckdb.IOException) or any(sign in said.lower() for sign in _DAMAGED):
            raise LedgerCorruptError(
                "A file of the ledger is gone or damaged.",
                hint="`skyledger rebuild` makes again what can be made, and says what to import again.",
                details={"said": said[:200]},
            ) from error
        raise
