"""Write a dataset's part: one immutable Parquet file with exactly the dataset's columns, named by its content."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb

from serving.files import publish_by_content, temporary
from shared_models.dataset import DatasetName
from shared_models.errors import UnreadableExportError
from shared_models.export import DatasetPart
from shared_models.quoting import literal

_FORMAT: Final = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 122880"
SERVER: Final = "server"
"""The source of what a cloud's server has of its own: there is one, so what it says anew replaces what it said."""


@dataclass(frozen=True)
class Origin:
    """Whose rows they are, where they came from, and how old their source calls them."""

    name: DatasetName
    provider: str
    source_key: str
    data_as_of: datetime | None


@contextmanager
def scratch_connection() -> Generator[duckdb.DuckDBPyConnection, None, None]:
    """An in-memory connection for one dataset, closed at its end."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    connection = duckdb.connect(":memory:", config=config)
    try:
        connection.execute("SET enable_progress_bar = false; SET TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def write_dataset(connection: duckdb.DuckDBPyConnection, select: str, origin: Origin, out: Path) -> DatasetPart:
    """Write a query's rows, in its order; equal rows give an equal file.

    Raises:
        UnreadableExportError: the disk refused.
        duckdb.Error: the query failed.

    """
    out.mkdir(parents=True, exist_ok=True)
    try:
        with temporary(out / origin.name.value) as beside:
            row = connection.execute(f"COPY ({select}) TO {literal(str(beside))} ({_FORMAT})").fetchone() or (0,)
            file, digest = publish_by_content(beside, ".parquet")
        size = file.stat().st_size
    except (OSError, duckdb.IOException) as error:
        raise UnreadableExportError(
            f"The dataset {origin.name.value} cannot be written: the disk is full or read-only.",
            file=str(out),
            hint="Free some space, or set SKYLEDGER_HOME to another disk; nothing was changed.",
        ) from error
    return DatasetPart(
        name=origin.name,
        provider=origin.provider,
        source_key=origin.source_key,
        path=str(file),
        rows=int(row[0]),
        size_bytes=size,
        sha256=digest,
        data_as_of=origin.data_as_of,
    )
