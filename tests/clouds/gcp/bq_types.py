"""BigQuery's types over DuckDB's: schema fields, the cast that makes a value exactly of them, and cells of JSON rows."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from duckdb.sqltypes import DuckDBPyType

_SCALARS: Final = {
    "varchar": ("STRING", "VARCHAR"),
    "uuid": ("STRING", "VARCHAR"),
    "json": ("JSON", "VARCHAR"),
    "boolean": ("BOOLEAN", "BOOLEAN"),
    "double": ("FLOAT", "DOUBLE"),
    "float": ("FLOAT", "DOUBLE"),
    "decimal": ("NUMERIC", "DECIMAL(38,9)"),
    "date": ("DATE", "DATE"),
    "timestamp with time zone": ("TIMESTAMP", "TIMESTAMPTZ"),
    "timestamp": ("DATETIME", "TIMESTAMP"),
    "time": ("TIME", "TIME"),
    "blob": ("BYTES", "BLOB"),
}
_INTEGERS: Final = (
    "tinyint",
    "smallint",
    "integer",
    "bigint",
    "hugeint",
    "utinyint",
    "usmallint",
    "uinteger",
    "ubigint",
)
Field = dict[str, Any]


def field_of(name: str, kind: DuckDBPyType) -> Field:
    """The schema field of a column."""
    if kind.id == "list":
        return {**field_of(name, kind.children[0][1]), "mode": "REPEATED"}
    if kind.id == "struct":
        inner = [field_of(*child) for child in kind.children]
        return {"name": name, "type": "RECORD", "mode": "NULLABLE", "fields": inner}
    return {"name": name, "type": _scalar(kind)[0], "mode": "NULLABLE"}


def cast_of(kind: DuckDBPyType) -> str:
    """The DuckDB type that holds exactly what BigQuery's type holds."""
    if kind.id == "list":
        return f"{cast_of(kind.children[0][1])}[]"
    if kind.id == "struct":
        return "STRUCT(" + ", ".join(f'"{name}" {cast_of(child)}' for name, child in kind.children) + ")"
    return _scalar(kind)[1]


def _scalar(kind: DuckDBPyType) -> tuple[str, str]:
    if kind.id in _INTEGERS:
        return "INTEGER", "BIGINT"
    return _SCALARS.get(kind.id, ("STRING", "VARCHAR"))


def size_of(kind: DuckDBPyType, value: str) -> str:
    """SQL: the logical bytes of a value, as BigQuery counts them."""
    fixed = {"INTEGER": 8, "FLOAT": 8, "BOOLEAN": 1, "NUMERIC": 16, "DATE": 8, "TIMESTAMP": 8, "DATETIME": 8, "TIME": 8}
    if kind.id == "list":
        each = size_of(kind.children[0][1], "x")
        return f"COALESCE(list_sum(list_transform({value}, lambda x: {each})), 0)"
    if kind.id == "struct":
        return "(" + " + ".join(size_of(child, f'{value}."{name}"') for name, child in kind.children) + ")"
    said = _scalar(kind)[0]
    if said in fixed:
        return f"(CASE WHEN {value} IS NULL THEN 0 ELSE {fixed[said]} END)"
    return f"COALESCE(2 + strlen(CAST({value} AS VARCHAR)), 0)"


def row_of(row: dict[str, Any], schema: list[Field], *, whole_microseconds: bool) -> dict[str, Any]:
    """One row as the REST API writes it."""
    return {"f": [{"v": cell(row[field["name"]], field, whole_microseconds)} for field in schema]}


def cell(value: Any, field: Field, whole_microseconds: bool) -> Any:  # noqa: FBT001
    """One cell as the REST API writes it: everything is text, records and lists nest."""
    if field["mode"] == "REPEATED":
        each = {**field, "mode": "NULLABLE"}
        return [{"v": cell(item, each, whole_microseconds)} for item in value or ()]
    if value is None:
        return None
    if field["type"] == "RECORD":
        return {"f": [{"v": cell(value[inner["name"]], inner, whole_microseconds)} for inner in field["fields"]]}
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
    if field["type"] == "TIMESTAMP":
        since = value.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        return str(micros) if whole_microseconds else f"{Decimal(micros) / 1_000_000:f}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return repr(value) if isinstance(value, float) else str(value)
