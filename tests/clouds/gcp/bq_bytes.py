"""What a query will process: the logical bytes of the columns that it names, in the partitions that it does not exclude."""

from typing import Final

from duckdb.sqltypes import DuckDBPyType
from sqlglot import exp

from tests.clouds.gcp.bq_sql import DATE_OF_PARTITION, Query, invalid_query, understand
from tests.clouds.gcp.bq_types import size_of
from tests.clouds.gcp.warehouse import PSEUDO, Table, Warehouse

MEBIBYTE: Final = 2**20
LEAST: Final = 10 * MEBIBYTE
"""What BigQuery bills at least for each table."""


def processed(query: Query, warehouse: Warehouse) -> int:
    """The bytes of a query.

    Raises:
        GoogleError: invalidQuery, a table wants a filter on its partitions and gets none.

    """
    total = 0
    for name, tables in query.tables.items():
        if not tables:  # INFORMATION_SCHEMA
            total += LEAST
        nodes = [node for node in query.original.find_all(exp.Table) if _means(node, name)]
        for table in tables:
            if table.view:  # reads what its own query reads
                total += processed(understand(table.view, warehouse, table.project, {}, []), warehouse)
                continue
            conditions = [_pruning(node) for node in nodes]
            if table.requires_filter and not all(conditions):
                raise invalid_query(
                    f"Cannot query over table '{name}' without a filter over column(s) '{PSEUDO}', '{DATE_OF_PARTITION}'"
                    " that can be used for partition elimination"
                )
            total += _bytes(table, _paths(query, nodes), conditions, warehouse)
    return total


def billed(query: Query, estimate: int) -> int:
    """What is charged for so many bytes: whole mebibytes, ten at least for each table."""
    if not estimate:
        return 0
    return max(LEAST * len(query.tables), -(-estimate // MEBIBYTE) * MEBIBYTE)


def table_bytes(table: Table, warehouse: Warehouse) -> int:
    """The logical bytes of a whole table."""
    return _bytes(table, None, [], warehouse)


def _means(node: exp.Table, name: str) -> bool:
    written = ".".join(part.name for part in node.parts)
    return name == written or name.endswith(f".{written}")


def _paths(query: Query, nodes: list[exp.Table]) -> set[tuple[str, ...]] | None:
    """The columns and members that the query names; None for all of them."""
    for node in nodes:
        select = node.parent_select
        if select and any(isinstance(one, exp.Star) or one.is_star for one in select.expressions):
            return None
    unnested = {one.alias for one in query.original.find_all(exp.Unnest) if one.alias}
    aliases = {one.alias_or_name for one in query.original.find_all(exp.Table, exp.Subquery, exp.CTE)}
    found = set()
    for column in query.original.find_all(exp.Column):
        parts, parent = [part.name for part in column.parts], column.parent
        while isinstance(parent, exp.Dot):
            parts.append(parent.expression.name)
            parent = parent.parent
        if parts[0] in aliases and len(parts) > 1:
            parts = parts[1:]
        if parts[0] not in unnested:
            found.add(tuple(part.lower() for part in parts))
    for node in query.original.find_all(exp.Table):  # FROM t, t.labels
        if node.db in aliases:
            found.add((node.name.lower(),))
    return found


def _pruning(node: exp.Table) -> str | None:
    """The conditions on nothing but the partition in the WHERE of the SELECT that reads the table."""
    select = node.parent_select
    where = select.args.get("where") if select else None
    if where is None:
        return None
    conditions = []
    for condition in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
        columns = {column.name for column in condition.find_all(exp.Column)}
        if columns and columns <= {PSEUDO, DATE_OF_PARTITION} and not condition.find(exp.Query):
            plain = condition.copy()
            for column in list(plain.find_all(exp.Column)):
                bare = exp.column(PSEUDO)
                column.replace(bare if column.name == PSEUDO else exp.cast(bare, "DATE"))
            conditions.append(plain.sql(dialect="duckdb"))
    return " AND ".join(f"({condition})" for condition in conditions) or None


def _bytes(table: Table, paths: set[tuple[str, ...]] | None, conditions: list[str | None], warehouse: Warehouse) -> int:
    sizes = [
        size_of(kind, f'"{name}"') if wanted is None else " + ".join(wanted)
        for name, kind in warehouse.columns(table.sql)
        for wanted in [_wanted(name, kind, paths)]
        if wanted is None or wanted
    ]
    if not sizes:
        return 0
    pruned = f" WHERE {' OR '.join(str(one) for one in conditions)}" if conditions and all(conditions) else ""
    [row] = warehouse.ledger.rows(f"SELECT sum({' + '.join(sizes)}) AS n FROM ({table.sql}){pruned}")
    return int(row["n"] or 0)


def _wanted(name: str, kind: DuckDBPyType, paths: set[tuple[str, ...]] | None) -> list[str] | None:
    """The sizes of the members of a column that are named; None for the whole of it."""
    if paths is None:
        return None
    mine = {path[1:] for path in paths if path[0] == name.lower()}
    if kind.id != "struct":
        return None if mine else []
    if () in mine:
        return None
    firsts = {path[0] for path in mine}
    return [size_of(child, f'"{name}"."{inner}"') for inner, child in kind.children if inner.lower() in firsts]
