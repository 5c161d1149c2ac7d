"""INFORMATION_SCHEMA's TABLES, COLUMNS and PARTITIONS, out of the warehouse itself."""

from typing import TYPE_CHECKING

from tests.clouds.gcp.errors import unimplemented

if TYPE_CHECKING:
    from tests.clouds.gcp.warehouse import Dataset, Table, Warehouse


def relation(parts: list[str], warehouse: "Warehouse", project: str) -> str:
    """The DuckDB SELECT of one of its views.

    Raises:
        GoogleError: a view that is not made here, a region's instead of a dataset's, or an unknown dataset.

    """
    at = parts.index("INFORMATION_SCHEMA")
    if at == 0 or parts[at - 1].startswith("region-") or parts[-1] not in _VIEWS:
        raise unimplemented(".".join(parts))
    dataset = warehouse.find_dataset(parts[at - 2] if at > 1 else project, parts[at - 1])
    return _VIEWS[parts[-1]](dataset, warehouse)


def _tables(dataset: "Dataset", warehouse: "Warehouse") -> str:
    made = f"TIMESTAMPTZ '{warehouse.ledger.as_of.isoformat()}'"
    rows = [
        f"SELECT {_three(table)}, '{'VIEW' if table.view else 'BASE TABLE'}' AS table_type, {made} AS creation_time"
        for table in dataset.tables.values()
    ]
    return _all(rows, "table_type VARCHAR, creation_time TIMESTAMPTZ")


def _columns(dataset: "Dataset", warehouse: "Warehouse") -> str:
    rows = []
    for table in dataset.tables.values():
        for number, column in enumerate(warehouse.schema(table), 1):
            kind = {"RECORD": "STRUCT", "INTEGER": "INT64", "FLOAT": "FLOAT64"}.get(column["type"], column["type"])
            kind = f"ARRAY<{kind}>" if column["mode"] == "REPEATED" else kind
            rows.append(
                f"SELECT {_three(table)}, '{column['name']}' AS column_name, CAST({number} AS BIGINT) AS"
                f" ordinal_position, 'YES' AS is_nullable, '{kind}' AS data_type"
            )
    return _all(rows, "column_name VARCHAR, ordinal_position BIGINT, is_nullable VARCHAR, data_type VARCHAR")


def _partitions(dataset: "Dataset", warehouse: "Warehouse") -> str:
    rows = [
        f"SELECT {_three(table)}, strftime(_PARTITIONTIME, '%Y%m%d') AS partition_id, count(*) AS total_rows,"
        f" max(export_time) AS last_modified_time FROM ({_timed(table, warehouse)}) GROUP BY ALL"
        for table in dataset.tables.values()
        if table.partitioned
    ]
    return _all(rows, "partition_id VARCHAR, total_rows BIGINT, last_modified_time TIMESTAMPTZ")


def _timed(table: "Table", warehouse: "Warehouse") -> str:
    """The table with an export_time: FOCUS has none, its partition's day stands for it."""
    if any(name == "export_time" for name, _ in warehouse.columns(table.sql)):
        return table.sql
    return f"SELECT *, _PARTITIONTIME AS export_time FROM ({table.sql})"


def _three(table: "Table") -> str:
    return f"'{table.project}' AS table_catalog, '{table.dataset}' AS table_schema, '{table.name}' AS table_name"


def _all(rows: list[str], more: str) -> str:
    if rows:
        return " UNION ALL ".join(rows)
    names = ["table_catalog VARCHAR", "table_schema VARCHAR", "table_name VARCHAR", *more.split(", ")]
    columns = ", ".join(f"CAST(NULL AS {name.split(' ', 1)[1]}) AS {name.split(' ')[0]}" for name in names)
    return f"SELECT {columns} WHERE false"


_VIEWS = {"TABLES": _tables, "COLUMNS": _columns, "PARTITIONS": _partitions}
