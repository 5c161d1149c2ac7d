"""The statements of the generator: files under `sql/` with `$name` for what the caller puts in, and their output."""

from functools import cache
from pathlib import Path
from string import Template
from typing import Final

import duckdb

from shared_models.quoting import literal

_FOLDER: Final = Path(__file__).parent / "sql"


def statement(name: str, **values: object) -> str:
    """The text of one file with its values filled in; an unknown or missing value is an error."""
    return _template(name).substitute(values)


def copy_parquet(connection: duckdb.DuckDBPyConnection, select: str, file: Path, compression: str = "zstd") -> None:
    """Write a query's rows as Parquet."""
    _copy(connection, select, file, f"FORMAT parquet, COMPRESSION {compression}")


def copy_csv(connection: duckdb.DuckDBPyConnection, select: str, file: Path) -> int:
    """Write a query's rows as CSV with a header; returns how many they were."""
    return _copy(connection, select, file, "FORMAT csv, HEADER")


def _copy(connection: duckdb.DuckDBPyConnection, select: str, file: Path, options: str) -> int:
    file.parent.mkdir(parents=True, exist_ok=True)
    row = connection.execute(f"COPY ({select}) TO {literal(str(file))} ({options})").fetchone() or (0,)
    return int(row[0])


@cache
def _template(name: str) -> Template:
    return Template((_FOLDER / f"{name}.sql").read_text(encoding="utf-8"))
