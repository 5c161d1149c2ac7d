"""What the checker is given: the ledger's line items in FOCUS' own form, or a bill's file as it is."""

from pathlib import Path

import duckdb

from servers.kit.exports.sql import literal, quoted


def as_focus(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    """A view of the line items with the FOCUS columns only, nested values as JSON text; its name."""
    described = connection.execute(f"DESCRIBE SELECT * FROM {quoted(relation)}").fetchall()
    columns = [(str(row[0]), str(row[1])) for row in described if not str(row[0]).startswith("x_")]
    shown = [
        f"CAST(to_json({quoted(name)}) AS VARCHAR) AS {quoted(name)}" if kind.startswith("MAP(") else quoted(name)
        for name, kind in columns
    ]
    view = f"{relation}_as_focus"
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {quoted(view)} AS SELECT {', '.join(shown)} FROM {quoted(relation)}"
    )
    return view


def open_bill(connection: duckdb.DuckDBPyConnection, path: Path, view: str) -> bool:
    """Make a view of a FOCUS file, CSV or Parquet; true when its values are untyped text."""
    if path.suffix.lower() == ".parquet":
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(view)} AS FROM read_parquet({literal(str(path))})")
        return False
    options = "header = true, all_varchar = true, nullstr = ['', 'NULL', 'null']"
    source = f"read_csv({literal(str(path))}, {options})"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(view)} AS FROM {source}")
    return True
