"""The journal: what each commit of the catalogue wrote, as lines of JSON, so that a lost catalogue is made again.

A line holds the whole rows that one commit added or ended, and names the generation it followed. It is durable before
its commit. A line whose commit did not happen is recognised by the next one, which follows the same generation; as the
last line it stands for a commit whose files were all there, and counts.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from serving.files import sync_folder, write_whole
from shared_models.digest import digest_of
from shared_models.disk import unavailable

_DATED: Final = ("load", "booking", "dataset")
"""Tables whose rows begin with one generation and end with another."""
_WHOLE: Final = ("preference", "pin")
"""Small tables that every line holds whole."""
_ORDER: Final = ("generation", "load", "load_total", "booking", "dataset", "import_report", *_WHOLE)
FORGOTTEN: Final = ""
"""In place of the file of a former snapshot that was swept: its generations then say so instead of seeing less."""
_DIGEST_LETTERS: Final = 16
_SMALL_BYTES: Final = 1 << 16
Row = dict[str, object]
Tables = dict[str, list[Row]]


@dataclass
class Journaled:
    """What a journal holds: rows by table and key; `gaps` counts commits that cannot be read any more."""

    generation: int = 0
    tables: Tables = field(default_factory=dict[str, list[Row]])
    gaps: int = 0


def rows_since(connection: sqlite3.Connection, generation: int) -> Tables:
    """The rows that commits after a generation added or ended, and the small tables whole."""
    tables: Tables = {
        "generation": _rows(connection, "SELECT * FROM generation WHERE id > ?", generation),
        "load_total": _rows(
            connection,
            "SELECT load_total.* FROM load_total JOIN load ON load.id = load_id WHERE from_generation > ?",
            generation,
        ),
        "import_report": _rows(connection, "SELECT * FROM import_report WHERE generation > ?", generation),
    }
    for table in _DATED:
        dated = f"SELECT * FROM {table} WHERE from_generation > ?1 OR to_generation > ?1"
        tables[table] = _rows(connection, dated, generation)
    for table in _WHOLE:
        tables[table] = _rows(connection, f"SELECT * FROM {table}")
    return tables


def append(file: Path, since: int, tables: Tables) -> None:
    """Add a commit's line, durably.

    Raises:
        LedgerUnavailableError: the disk refused; the journal is as it was.

    """
    try:
        new = not file.exists()
        with file.open("ab") as handle:
            size = handle.tell()
            try:
                # A line that a kill cut short must not swallow this one.
                handle.write(b"\n" + _line(since, tables))
                handle.flush()
                os.fsync(handle.fileno())
            except OSError:
                os.truncate(file, size)
                raise
        if new:
            sync_folder(file.parent)
    except OSError as error:
        raise unavailable(error, file.name) from error


def is_overgrown(file: Path) -> bool:
    """Whether the journal holds more than twice of what its first line, the last rewriting, held."""
    if not file.exists():
        return True
    with file.open("rb") as handle:
        return file.stat().st_size > _SMALL_BYTES + 2 * len(handle.readline())


def rewrite(file: Path, connection: sqlite3.Connection) -> None:
    """Replace the journal by one line that holds what the catalogue holds now.

    Raises:
        LedgerUnavailableError: the disk refused; the journal is as it was.

    """
    try:
        write_whole(file, _line(0, rows_since(connection, 0)))
    except OSError as error:
        raise unavailable(error, file.name) from error


def read(file: Path) -> Journaled:
    """Everything that the journal knows; nothing where there is none."""
    kept: list[tuple[int, Tables]] = []
    newest = 0
    gaps = 0
    for since, tables in _lines(file):
        while kept and kept[-1][0] >= since:  # never committed, or the small tables of the same generation
            kept.pop()
            newest = max([*(_newest(earlier) for _, earlier in kept), 0])
        gaps += since > newest
        kept.append((since, tables))
        newest = max(newest, _newest(tables))
    merged: dict[str, dict[object, Row]] = {}
    for _, tables in kept:
        for table, rows in tables.items():
            if table in _WHOLE:
                merged[table] = {}
            merged.setdefault(table, {}).update({_key(table, row): row for row in rows})
    tables = {table: list(merged.get(table, {}).values()) for table in _ORDER}
    return Journaled(newest, _without_loose_ends(tables) if gaps else tables, gaps)


def without_swept(tables: Tables, is_there: Callable[[str], bool]) -> Tables:
    """The rows without former loads whose file was swept since, their generations marked; such datasets are marked."""
    former = {
        table: [row for row in tables[table] if row["to_generation"] is not None and not is_there(str(row["file"]))]
        for table in ("load", "dataset")
    }
    gone = former["load"]
    datasets = [{**row, "file": FORGOTTEN} if row in former["dataset"] else row for row in tables["dataset"]]
    ids = {row["id"] for row in gone}
    spans = [range(int(str(row["from_generation"])), int(str(row["to_generation"]))) for row in gone]
    last = max((str(row["committed_at"]) for row in tables["generation"]), default="")
    kept = {table: [row for row in tables[table] if row["load_id"] not in ids] for table in ("load_total", "booking")}
    generations = [
        {**row, "swept_at": row.get("swept_at") or last} if any(row["id"] in span for span in spans) else row
        for row in tables["generation"]
    ]
    loads = [row for row in tables["load"] if row["id"] not in ids]
    return {**tables, **kept, "generation": generations, "load": loads, "dataset": datasets}


def insert(connection: sqlite3.Connection, tables: Tables) -> None:
    """Write journaled rows into an empty catalogue; columns that the schema no longer has are left out."""
    for table in _ORDER:
        known = [str(row["name"]) for row in connection.execute(f"SELECT name FROM pragma_table_info('{table}')")]
        for row in tables.get(table, []):
            names = [name for name in known if name in row]
            marks = ", ".join("?" for _ in names)
            connection.execute(
                f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", [row[name] for name in names]
            )


def _without_loose_ends(tables: Tables) -> Tables:
    """The rows of a journal with gaps, fit to be inserted: generations that are lost stand there as swept."""
    known = {row["id"] for row in tables["generation"]}
    named = {row[end] for table in _DATED for row in tables[table] for end in ("from_generation", "to_generation")}
    last = max((str(row["committed_at"]) for row in tables["generation"]), default="")
    lost = [
        {"id": number, "committed_at": last, "reason": "lost", "swept_at": last} for number in named - known - {None}
    ]
    loads = {row["id"] for row in tables["load"]}
    attached = {table: [row for row in tables[table] if row["load_id"] in loads] for table in ("load_total", "booking")}
    return {**tables, **attached, "generation": [*tables["generation"], *lost]}


def _rows(connection: sqlite3.Connection, sql: str, *values: object) -> list[Row]:
    return [dict(row) for row in connection.execute(sql, values)]


def _key(table: str, row: Row) -> object:
    match table:
        case "load_total":
            return (row["load_id"], row["currency"])
        case "booking":
            return (row["load_id"], row["from_generation"])
        case "preference":
            return (row["provider"], row["billing_account_id"])
        case "pin":
            return row["name"]
        case _:
            return row["id"]


def _newest(tables: Tables) -> int:
    return max((int(str(row["id"])) for row in tables["generation"]), default=0)


def _line(since: int, tables: Tables) -> bytes:
    body = json.dumps({"since": since, "tables": tables}, ensure_ascii=False, separators=(",", ":")).encode()
    return _digest(body) + b" " + body


def _digest(body: bytes) -> bytes:
    return digest_of(body, _DIGEST_LETTERS).encode()


def _lines(file: Path) -> Iterator[tuple[int, Tables]]:
    if not file.exists():
        return
    with file.open("rb") as handle:
        yield from _parsed(handle)


def _parsed(lines: Iterable[bytes]) -> Iterator[tuple[int, Tables]]:
    for line in lines:
        digest, _, body = line.rstrip(b"\n").partition(b" ")
        if body and digest == _digest(body):
            found = cast("dict[str, object]", json.loads(body))
            yield cast("int", found["since"]), cast("Tables", found["tables"])
