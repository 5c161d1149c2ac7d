"""Put an export's files behind one relation, `source`: the columns as written, with `_file` and `_row` beside them."""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb

from servers.kit.exports.precheck import MAX_LINE, csv_header, first_line, inspect_text
from servers.kit.exports.sql import LONG_NUMBER, numbers_as_text
from shared_models.dataset import FOCUS_DATASETS, columns_of
from shared_models.errors import UnreadableExportError
from shared_models.focus.own_columns import FACT_COLUMNS
from shared_models.quoting import literal, quoted

_INEXACT: Final = re.compile(r"DOUBLE|FLOAT|DECIMAL")
_AS_WRITTEN: Final = frozenset({"UUID", "DOUBLE", "HUGEINT"})
_FOCUS_NAMES: Final = {
    name.lower(): name
    for names in (FACT_COLUMNS, *(columns_of(dataset) for dataset in FOCUS_DATASETS))
    for name in names
}
_ROWS: Final = 10_000
_LINE: Final = re.compile(r"Line:\s*(\d+)")


def open_source(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> dict[str, str]:
    """Create `source` over these files, all of one kind; returns {column: SQL type} without `_file` and `_row`.

    Raises:
        UnreadableExportError: a file cannot be read, with the row where that is known.

    """
    kind = kind_of(files[0])
    try:
        if kind == "parquet":
            _view(connection, files)
        elif kind == "json":
            for file in files:
                inspect_text(file)
            _materialise_json(connection, files)
        else:
            _materialise_csv(connection, files)
    except duckdb.Error as error:
        raise _unreadable(error, files) from error
    described = connection.execute("DESCRIBE SELECT * EXCLUDE (_file, _row) FROM source").fetchall()
    columns = {str(row[0]): str(row[1]) for row in described}
    return columns if kind == "parquet" else _spelled(connection, columns)


def _spelled(connection: duckdb.DuckDBPyConnection, columns: dict[str, str]) -> dict[str, str]:
    """A table's FOCUS columns spelled as in FOCUS: DuckDB heeds no alias that differs from its column in case only."""
    spelled: dict[str, str] = {}
    for name, kind in columns.items():
        wanted = _FOCUS_NAMES.get(name.lower(), name)
        if wanted != name:
            connection.execute(f"ALTER TABLE source RENAME COLUMN {quoted(name)} TO {quoted(wanted)}")
        spelled[wanted] = kind
    return spelled


def _view(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
    """What is a number of another type in another file is read as text: to unite the types would round amounts."""
    types = _types(connection, files)
    spelled: dict[str, set[str]] = {}
    for name, kind in (column for columns in types for column in columns.items()):
        spelled.setdefault(name.lower(), set()).add(kind)
    differing = {name for name, kinds in spelled.items() if len(kinds) > 1 and any(map(_INEXACT.search, kinds))}
    groups: dict[tuple[tuple[str, str], ...], list[Path]] = {}
    for file, columns in zip(files, types, strict=True):
        texts = ((name, kind) for name, kind in columns.items() if name.lower() in differing)
        groups.setdefault(tuple(sorted(texts)), []).append(file)
    connection.execute(
        "CREATE VIEW source AS " + " UNION ALL BY NAME ".join(_parquet(own, texts) for texts, own in groups.items())
    )


def _types(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> list[dict[str, str]]:
    """The columns of each file; none where all files name each thing with one type, as they mostly do."""
    told = connection.execute(
        "SELECT 1 FROM parquet_schema(?) GROUP BY lower(name)"
        " HAVING count(DISTINCT concat_ws(' ', type, logical_type, precision, scale)) > 1 LIMIT 1",
        [list(map(str, files))],
    ).fetchone()
    if told is None:
        return [{} for _ in files]
    described = [
        connection.execute(f"DESCRIBE SELECT * FROM read_parquet({_list([file])}, hive_partitioning=false)").fetchall()
        for file in files
    ]
    return [{str(row[0]): str(row[1]) for row in rows} for rows in described]


def _parquet(files: Sequence[Path], texts: Sequence[tuple[str, str]]) -> str:
    replaced = ", ".join(f"{_as_text(name, kind)} AS {quoted(name)}" for name, kind in texts)
    return (
        f"SELECT * EXCLUDE (file_row_number) {f'REPLACE ({replaced})' if replaced else ''}, file_row_number + 1 AS _row"
        f" FROM read_parquet({_list(files)}, union_by_name=true, filename='_file', file_row_number=true,"
        " hive_partitioning=false)"
    )


def _as_text(name: str, kind: str) -> str:
    nested = "(" in kind and not kind.startswith("DECIMAL")
    return f"CAST({f'to_json({quoted(name)})' if nested else quoted(name)} AS VARCHAR)"


def _materialise_csv(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
    """One pass of the parser over each file; afterwards every question reads the table."""
    headers: dict[Path, tuple[str, ...]] = {}
    for file in files:
        inspect_text(file)
        headers[file] = csv_header(file)
    spelled: dict[str, str] = {}
    for name in (name for header in headers.values() for name in header):
        spelled.setdefault(name.lower(), name)
    columns = ", ".join(f"{quoted(name)} VARCHAR" for name in spelled.values())
    connection.execute(f"CREATE TABLE source ({columns}, _file VARCHAR, _row BIGINT)")
    connection.execute("SET preserve_insertion_order = true")
    for file, header in headers.items():
        own = ", ".join(quoted(spelled[name.lower()]) for name in header)
        shape = ", ".join(f"{literal(f'c{n}')}: 'VARCHAR'" for n in range(len(header)))
        options = (
            f"header=false, skip=1, columns={{{shape}}}, auto_detect=false, delim=',', quote='\"',"
            f" escape='\"', max_line_size={MAX_LINE}, buffer_size={4 * MAX_LINE}, new_line={literal(_newline(file))},"
            " hive_partitioning=false"
        )
        connection.execute(
            f"INSERT INTO source ({own}, _file, _row) SELECT *, {literal(str(file))}, row_number() OVER () + 1"
            f" FROM read_csv({literal(str(file))}, {options})"
        )


def _newline(file: Path) -> str:
    return "\\r\\n" if first_line(file).endswith(b"\r\n") else "\\n"


def _materialise_json(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
    connection.execute("SET preserve_insertion_order = true")
    with tempfile.TemporaryDirectory(prefix="skyledger-") as folder:
        own = {
            file: _exact_json(connection, file, Path(folder) / f"{n}-{file.name}.jsonl") for n, file in enumerate(files)
        }
        read = _list([*own.values()])
        options = f"union_by_name=true, hive_partitioning=false, sample_size=-1, maximum_object_size={MAX_LINE}"
        found = connection.execute(f"DESCRIBE SELECT * FROM read_json({read}, {options})").fetchall()
        # What is guessed to be an identifier or a binary number is read as it is written: letters and digits are kept.
        kinds = {row[0]: "VARCHAR" if row[1] in _AS_WRITTEN else row[1] for row in found}
        shape = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in kinds.items())
        # File by file, as in CSV: over all of them together the rows of one file are not numbered in their order.
        selects = (
            f"SELECT *, {literal(str(file))} AS _file, row_number() OVER () AS _row FROM read_json("
            f"{literal(str(copy))}, columns={{{shape}}}, hive_partitioning=false, maximum_object_size={MAX_LINE})"
            for file, copy in own.items()
        )
        connection.execute("CREATE TABLE source AS " + " UNION ALL ".join(selects))


def _exact_json(connection: duckdb.DuckDBPyConnection, file: Path, copy: Path) -> Path:
    """The file, or a copy with its numbers as texts where some have more digits than the JSON reader keeps."""
    objects = f"read_json_objects({literal(str(file))}, hive_partitioning=false, maximum_object_size={MAX_LINE})"
    text = "replace(CAST(json AS VARCHAR), chr(10), ' ')"
    long = f"regexp_matches(CAST(json AS VARCHAR), {literal(LONG_NUMBER)})"
    if connection.execute(f"SELECT 1 FROM {objects} WHERE {long} LIMIT 1").fetchone() is None:
        return file
    lines = connection.execute(f"SELECT {numbers_as_text(text)} FROM {objects}")
    with copy.open("w", encoding="utf-8") as handle:
        while rows := lines.fetchmany(_ROWS):
            handle.writelines(f"{row[0]}\n" for row in rows)
    return copy


def kind_of(file: Path) -> str:
    """`parquet`, `csv` or `json`, by the file's name."""
    name = file.name.lower()
    if name.endswith(".parquet"):
        return "parquet"
    return "csv" if name.endswith((".csv", ".csv.gz")) else "json"


def _list(files: Sequence[Path]) -> str:
    return "[" + ", ".join(literal(str(file)) for file in files) + "]"


def _unreadable(error: duckdb.Error, files: Sequence[Path]) -> UnreadableExportError:
    text = str(error)
    named = next((file for file in files if str(file) in text or file.name in text), files[0])
    line = _LINE.search(text)
    if "permission" in text.lower():
        return UnreadableExportError("Permission was denied.", file=str(named), hint="Give the user read access.")
    said = text.splitlines()[0].split(":", 1)[-1].strip()[:200]
    return UnreadableExportError(
        f"The file cannot be read: {said}",
        file=str(named),
        row=int(line[1]) if line else None,
        hint="Copy or export it again.",
    )
