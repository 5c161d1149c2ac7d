"""What the checker is given: the ledger's line items in FOCUS' own form, or a bill's file as it is."""

from pathlib import Path

import duckdb

from shared_models.errors import InvalidArgumentError
from shared_models.focus.column import Level
from shared_models.focus.cost_and_usage import COST_AND_USAGE
from shared_models.quoting import literal, quoted


def as_focus(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    """A view of the line items with the FOCUS columns only, nested values as JSON text; its name.

    The ledger's layout has every column; one that is null throughout and not mandatory is left out, as in a bill.
    """
    described = connection.execute(f"DESCRIBE SELECT * FROM {quoted(relation)}").fetchall()
    kinds = {str(row[0]): str(row[1]) for row in described if str(row[0]) in COST_AND_USAGE.names}
    counts = ", ".join(f"count({quoted(name)})" for name in kinds)
    used = connection.execute(f"SELECT {counts} FROM {quoted(relation)}").fetchone() or ()
    shown = [
        _plain(name, kind)
        for (name, kind), values in zip(kinds.items(), used, strict=True)
        if values or COST_AND_USAGE[name].level is Level.MANDATORY
    ]
    view = f"{relation}_as_focus"
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {quoted(view)} AS SELECT {', '.join(shown)} FROM {quoted(relation)}"
    )
    return view


def _plain(name: str, kind: str) -> str:
    column = quoted(name)
    return f"CAST(to_json({column}) AS VARCHAR) AS {column}" if kind.startswith("MAP(") else column


def open_bill(connection: duckdb.DuckDBPyConnection, path: Path, view: str) -> bool:
    """Make a view of a FOCUS file, CSV or Parquet; true when its values are untyped text.

    Raises:
        InvalidArgumentError: there is no such file, or it cannot be read as a table.

    """
    typed = path.suffix.lower() == ".parquet"
    options = "header = true, all_varchar = true, nullstr = ['', 'NULL', 'null']"
    file = literal(str(path))
    source = f"read_parquet({file})" if typed else f"read_csv({file}, {options})"
    try:
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(view)} AS FROM {source}")
    except duckdb.Error as error:
        said = f"{path} cannot be read as a bill: {str(error).splitlines()[0]}"
        raise InvalidArgumentError("file", said, "Give one FOCUS file, CSV or Parquet.") from error
    return not typed
