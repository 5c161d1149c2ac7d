"""Any port that answers in pages, or any sequence of items, as a dataset's part: what a live cloud hands over too."""

import json
from collections.abc import AsyncIterator, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final

import anyio.to_thread
import duckdb
from pydantic import BaseModel

from servers.kit.datasets.files import Origin, scratch_connection, write_dataset
from servers.kit.exported.tables import Table
from servers.kit.ports import Pages
from shared_models.dataset import ITEM_MODELS, DatasetName, columns_of
from shared_models.errors import UnreadableExportError
from shared_models.export import DatasetPart
from shared_models.quoting import literal, quoted

_ITEMS_A_PAGE: Final = 1_000


async def part_of_port(pages: Pages[BaseModel], origin: Origin, out: Path) -> DatasetPart:
    """Everything that a port has, as one file; a port over a file has it typed and copied, page by page otherwise.

    Raises:
        SourceNotEnabledError: the port has nothing to read from.
        UnreadableExportError: what it has does not fit the dataset.

    """
    if isinstance(pages, Table):
        return await anyio.to_thread.run_sync(_part_of_table, pages, origin, out)
    with _spool(out) as (file, handle):
        async for items in _every_page(pages):
            handle.writelines(_lines(items))
        handle.flush()
        return await anyio.to_thread.run_sync(_part_of_lines, file, origin, out)


def part_of_items(items: Iterable[BaseModel], origin: Origin, out: Path) -> DatasetPart:
    """These items as one file, in their order; blocking.

    Raises:
        UnreadableExportError: the disk refused.

    """
    with _spool(out) as (file, handle):
        handle.writelines(_lines(items))
        handle.flush()
        return _part_of_lines(file, origin, out)


def part_of_rows(rows: Iterable[Mapping[str, str | None]], origin: Origin, out: Path) -> DatasetPart:
    """These rows of a FOCUS dataset, whose values stand as text under its columns' names, as one file; blocking.

    Raises:
        UnreadableExportError: the disk refused.

    """
    with _spool(out) as (file, handle):
        handle.writelines(json.dumps(row).encode() + b"\n" for row in rows)
        handle.flush()
        return _part_of_lines(file, origin, out)


async def _every_page(pages: Pages[BaseModel]) -> AsyncIterator[tuple[BaseModel, ...]]:
    offset = 0
    while True:
        found = await pages.page({}, offset=offset, limit=_ITEMS_A_PAGE)
        yield found.items
        offset += len(found.items)
        if not found.items or offset >= found.total:
            return


@contextmanager
def _spool(out: Path) -> Generator[tuple[Path, IO[bytes]], None, None]:
    """A file of JSON lines that is gone afterwards: items leave the memory page by page."""
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".items-", dir=out, ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "items.jsonl"
        with file.open("wb") as handle:
            yield file, handle


def _lines(items: Iterable[BaseModel]) -> Iterator[bytes]:
    return (item.model_dump_json(by_alias=False).encode() + b"\n" for item in items)


def _part_of_lines(file: Path, origin: Origin, out: Path) -> DatasetPart:
    # The reader drops the offset of a time that it is told to be without zone.
    kinds = {name: kind.replace("TIMESTAMP", "TIMESTAMPTZ") for name, kind in columns_of(origin.name).items()}
    shape = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in kinds.items())
    columns = ", ".join(
        f"CAST({quoted(name)} AT TIME ZONE 'UTC' AS TIMESTAMP) AS {quoted(name)}"
        if kind == "TIMESTAMPTZ"
        else quoted(name)
        for name, kind in kinds.items()
    )
    with scratch_connection() as connection:
        lines = f"read_json({literal(str(file))}, format='newline_delimited', columns={{{shape}}})"
        return write_dataset(connection, f"SELECT {columns} FROM {lines}", origin, out)


def _part_of_table(table: Table[BaseModel], origin: Origin, out: Path) -> DatasetPart:
    table.require()
    file = table.file
    relation = f"read_parquet({literal(str(file))})"
    try:
        with scratch_connection() as connection:
            found = {str(row[0]) for row in connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()}
            _require_fields(connection, relation, origin.name, found, file)
            columns = ", ".join(
                f"CAST({quoted(name) if name in found else 'NULL'} AS {kind}) AS {quoted(name)}"
                for name, kind in columns_of(origin.name).items()
            )
            return write_dataset(connection, f"SELECT {columns} FROM {relation}", origin, out)
    except duckdb.Error as error:
        said = str(error).splitlines()[0].split(":", 1)[-1].strip()[:200]
        raise UnreadableExportError(
            f"The dataset cannot be read: {said}", file=str(file), hint="Export the file again."
        ) from error


def _require_fields(
    connection: duckdb.DuckDBPyConnection, relation: str, name: DatasetName, found: set[str], file: Path
) -> None:
    """Every field without a default is there and has a value in every row."""
    needed = [field for field, info in ITEM_MODELS[name].model_fields.items() if info.is_required()]
    for field in needed:
        if field not in found:
            raise UnreadableExportError(
                f"The column {field} is missing.",
                file=str(file),
                column=field,
                hint=f"Export {name.value} with the columns {', '.join(needed)}.",
            )
    firsts = ", ".join(f"min(file_row_number) FILTER ({quoted(field)} IS NULL)" for field in needed)
    counted = f"{relation[:-1]}, file_row_number=true)"
    rows = connection.execute(f"SELECT {firsts} FROM {counted}").fetchone() or ()
    for field, row in zip(needed, rows, strict=True):
        if row is not None:
            raise UnreadableExportError(
                f"{field} has no value.",
                file=str(file),
                row=int(row) + 1,
                column=field,
                hint=f"Every row of {name.value} needs {field}.",
            )
