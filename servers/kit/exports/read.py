"""Put an export's files behind one relation, `source`: the columns as written, with `_file` and `_row` beside them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb

from servers.kit.exports.precheck import MAX_LINE, csv_header, first_line, inspect_text
from shared_models.dataset import FOCUS_DATASETS, columns_of
from shared_models.errors import UnreadableExportError
from shared_models.focus.own_columns import FACT_COLUMNS
from shared_models.quoting import literal, quoted

_AS_WRITTEN: Final = frozenset({"UUID", "DOUBLE", "HUGEINT"})
_FOCUS_NAMES: Final = {
    name.lower(): name
    for names in (FACT_COLUMNS, *(columns_of(dataset) for dataset in FOCUS_DATASETS))
    for name in names
}
_LINE: Final = re.compile(r"Line:\s*(\d+)")


def open_source(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> dict[str, str]:
    """Create `source` over these files, all of one kind; returns {column: SQL type} without `_file` and `_row`.

    Raises:
        UnreadableExportError: a file cannot be read, with the row where that is known.

    """
    kind = kind_of(files[0])
    try:
        if kind == "parquet":
            _view(connection, f"read_parquet({_list(files)}, {_OPTIONS}, hive_partitioning=false)", first_row=1)
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


_OPTIONS: Final = "union_by_name=true, filename='_file', file_row_number=true"


def _view(connection: duckdb.DuckDBPyConnection, reader: str, *, first_row: int) -> None:
    connection.execute(
        f"CREATE VIEW source AS SELECT * EXCLUDE (file_row_number), file_row_number + {first_row} AS _row FROM {reader}"
    )


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
            f" escape='\"', max_line_size={MAX_LINE}, buffer_size={4 * MAX_LINE}, new_line={literal(_newline(file))}"
        )
        connection.execute(
            f"INSERT INTO source ({own}, _file, _row) SELECT *, {literal(str(file))}, row_number() OVER () + 1"
            f" FROM read_csv({literal(str(file))}, {options})"
        )


def _newline(file: Path) -> str:
    return "\\r\\n" if first_line(file).endswith(b"\r\n") else "\\n"


def _materialise_json(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
    connection.execute("SET preserve_insertion_order = true")
    options = f"union_by_name=true, sample_size=-1, maximum_object_size={MAX_LINE}"
    found = connection.execute(f"DESCRIBE SELECT * FROM read_json({_list(files)}, {options})").fetchall()
    # What is guessed to be an identifier or a binary number is read as it is written: letters and digits are kept.
    shape = ", ".join(f"{literal(row[0])}: {literal('VARCHAR' if row[1] in _AS_WRITTEN else row[1])}" for row in found)
    connection.execute(
        f"CREATE TABLE source AS SELECT *, row_number() OVER (PARTITION BY _file) AS _row FROM"
        f" read_json({_list(files)}, filename='_file', columns={{{shape}}}, maximum_object_size={MAX_LINE})"
    )


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
