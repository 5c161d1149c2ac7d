"""The process that runs agents' SQL: a locked in-memory DuckDB, its standard streams, nothing else.

It is started with an empty environment, binds itself to the operating system's limits, and ends with its parent: a
thread of its own reads the jobs, and the end of that stream ends the process even in the middle of a statement.
"""

import json
import os
import queue
import sys
import threading
from datetime import date
from decimal import Decimal
from typing import BinaryIO, Final, TypedDict, cast

import duckdb

from orchestrator.sql.confine import allow_cpu, bind_process
from orchestrator.sql.frames import BrokenFrameError, read_frame, write_frame
from shared_models.quoting import literal, quoted

_LONGEST_JOB: Final = 64 << 20


class TableJob(TypedDict):
    """One table: its columns with their types, and the files that hold its rows."""

    columns: dict[str, str]
    files: list[str]


class Job(TypedDict):
    """One statement over named tables, and how much of its result is wanted."""

    tables: dict[str, TableJob]
    sql: str
    rows: int
    answer_bytes: int
    seconds: float


class Bounds(TypedDict):
    """The limits that hold for all of a worker's life."""

    engine_bytes: int
    process_bytes: int
    threads: int


class _TooLargeError(Exception):
    pass


def main() -> None:
    """Answer jobs until the parent is gone. The bounds are this process's one argument."""
    bounds = cast("Bounds", json.loads(sys.argv[1]))
    bind_process(bounds["process_bytes"])
    jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    threading.Thread(target=_listen, args=(sys.stdin.buffer, jobs), daemon=True).start()
    engine = Engine(bounds)
    while True:
        job = jobs.get()
        allow_cpu(job["seconds"] * bounds["threads"])
        write_frame(replies, engine.answer(job))


def _listen(stream: BinaryIO, jobs: "queue.SimpleQueue[Job]") -> None:
    try:
        while True:
            jobs.put(cast("Job", read_frame(stream, _LONGEST_JOB)))
    except BrokenFrameError:
        os._exit(0)


class Engine:
    """One locked connection, opened again when the tables change or a statement failed."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._tables: dict[str, TableJob] = {}

    def answer(self, job: Job) -> dict[str, object]:
        """`columns`, `types` and `rows` of text, or `error` (data, memory, bytes, sql) with a `message`."""
        try:
            connection = self._open(job["tables"])
        except duckdb.Error as error:
            self._close()
            return {"error": "data", "message": str(error)}
        try:
            return _run(connection, job)
        except (MemoryError, duckdb.OutOfMemoryException) as error:
            self._close()
            return {"error": "memory", "message": str(error)}
        except _TooLargeError:
            return {"error": "bytes", "message": ""}
        except Exception as error:  # noqa: BLE001 - whatever a statement does to the client library is its failure
            self._close()
            return {"error": "memory" if "bad_alloc" in str(error) else "sql", "message": str(error)}

    def _open(self, tables: dict[str, TableJob]) -> duckdb.DuckDBPyConnection:
        if self._connection is None or tables != self._tables:
            self._close()
            self._connection = duckdb.connect(":memory:")
            self._tables = tables
            for statement in _hardening(self._bounds, tables):
                self._connection.execute(statement)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _hardening(bounds: Bounds, tables: dict[str, TableJob]) -> list[str]:
    """In this order: a setting made after the lock is refused, and one given to connect() is not always enforced."""
    files = [file for table in tables.values() for file in table["files"]]
    return [
        "SET autoinstall_known_extensions = false",
        "SET autoload_known_extensions = false",
        "SET allow_community_extensions = false",
        f"SET threads = {bounds['threads']}",
        f"SET memory_limit = '{bounds['engine_bytes']}B'",
        "SET temp_directory = ''",
        "SET max_temp_directory_size = '0B'",
        "SET TimeZone = 'UTC'",
        f"SET allowed_paths = [{', '.join(literal(file) for file in files)}]",
        "SET enable_external_access = false",
        *(f"CREATE VIEW {quoted(name)} AS {_rows(table)}" for name, table in tables.items()),
        "SET lock_configuration = true",
    ]


def _rows(table: TableJob) -> str:
    if not table["files"]:
        empty = ", ".join(f"CAST(NULL AS {kind}) AS {quoted(name)}" for name, kind in table["columns"].items())
        return f"SELECT {empty} LIMIT 0"
    columns = ", ".join(quoted(name) for name in table["columns"])
    return f"SELECT {columns} FROM read_parquet([{', '.join(literal(file) for file in table['files'])}])"


def _run(connection: duckdb.DuckDBPyConnection, job: Job) -> dict[str, object]:
    statements = connection.extract_statements(job["sql"])
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        return {"error": "sql", "message": "Only one SELECT is run."}
    cursor = connection.cursor()
    try:
        cursor.execute(statements[0])
        description = cursor.description or []
        rows: list[list[str | None]] = []
        left = job["answer_bytes"]
        while len(rows) < job["rows"] and (row := cursor.fetchone()) is not None:
            cells = [cell_text(value) for value in cast("tuple[object, ...]", row)]
            left -= sum(len(cell) for cell in cells if cell is not None)
            if left < 0:
                raise _TooLargeError
            rows.append(cells)
    finally:
        cursor.close()
    names, types = [str(column[0]) for column in description], [str(column[1]) for column in description]
    return {"columns": names, "types": types, "rows": rows}


def cell_text(value: object) -> str | None:
    """A value as exact text: decimals without exponent, times in ISO form, maps as `key=value; key=value`."""
    match value:
        case None:
            return None
        case Decimal():
            return format(value, "f")
        case date():
            return value.isoformat()
        case dict():
            pairs = cast("dict[object, object]", value).items()
            return "; ".join(f"{key}={cell_text(item)}" for key, item in pairs)
        case list() | tuple():
            return "[" + ", ".join(str(cell_text(item)) for item in cast("list[object]", value)) + "]"
        case _:
            return str(value).lower() if isinstance(value, bool) else str(value)
