"""DuckDB connections as the ledger uses them: in memory, no extensions fetched, bounded, always closed."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import duckdb
import psutil

_SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "preserve_insertion_order": "false",
}


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


def quoted(identifier: str) -> str:
    """An identifier as SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def text_literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"
