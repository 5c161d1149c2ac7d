"""GoogleSQL to DuckDB's SQL by sqlglot: tables, wildcards, pseudo columns, parameters and NUMERIC as BigQuery has them."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tests.clouds.gcp import bq_information
from tests.clouds.gcp.errors import GoogleError, not_found, unimplemented
from tests.clouds.gcp.warehouse import PSEUDO, Table, Warehouse

DATE_OF_PARTITION: Final = "_PARTITIONDATE"
SUFFIX: Final = "_TABLE_SUFFIX"


@dataclass
class Query:
    """A GoogleSQL query understood: its tree with tables in place, and the tables by the nodes that stood for them."""

    tree: exp.Expression
    original: exp.Expression
    tables: dict[str, list[Table]] = field(default_factory=dict)
    """Name as written -> the tables that it means."""

    @property
    def sql(self) -> str:
        """In DuckDB's SQL."""
        return self.tree.sql(dialect="duckdb")

    @property
    def distinct(self) -> list[Table]:
        """Every table once."""
        return list({table.said: table for tables in self.tables.values() for table in tables}.values())

    @property
    def changes(self) -> bool:
        """Whether the clock or chance decides its result."""
        return bool(list(self.original.find_all(exp.CurrentTimestamp, exp.CurrentDate, exp.Rand)))


def invalid_query(message: str) -> GoogleError:
    """What BigQuery answers to a query that it cannot read or bind."""
    return GoogleError("INVALID_ARGUMENT", message, "invalidQuery")


def understand(sql: str, warehouse: Warehouse, project: str, default: dict[str, str], parameters: list[dict]) -> Query:
    """Read a query and put the tables in.

    Raises:
        GoogleError: invalidQuery, notFound, or something that BigQuery knows and this does not.

    """
    try:
        statements = [one for one in sqlglot.parse(sql, read="bigquery") if one is not None]
    except SqlglotError as error:
        found = (getattr(error, "errors", None) or [{}])[0]
        at = f" at [{found.get('line', 1)}:{found.get('col', 1)}]"
        raise invalid_query(f"Syntax error: {found.get('description') or error}{at}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise unimplemented("anything but one SELECT")
    tree = _numeric(_bound(statements[0], parameters))
    query = Query(tree, tree.copy())
    _put_tables(query, warehouse, project, default)
    _unnest(query.tree)
    return query


def _bound(tree: exp.Expression, parameters: list[dict]) -> exp.Expression:
    """The tree with parameters replaced by typed values."""
    named = {one["name"]: one for one in parameters if one.get("name")}
    unnamed = iter([one for one in parameters if not one.get("name")])

    def put(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Parameter):
            if node.name not in named:
                raise invalid_query(f"Query parameter '{node.name}' not found")
            return _value(named[node.name]["parameterType"], named[node.name]["parameterValue"])
        if isinstance(node, exp.Placeholder):
            one = next(unnamed, None)
            if one is None:
                raise invalid_query("Query parameter number 1 not found")
            return _value(one["parameterType"], one["parameterValue"])
        return node

    return tree.transform(put)


def _value(kind: dict[str, Any], value: dict[str, Any]) -> exp.Expression:
    if kind["type"] == "ARRAY":
        items = [_value(kind["arrayType"], one) for one in value.get("arrayValues", [])]
        return exp.Array(expressions=items)
    if value.get("value") is None:
        return exp.Null()
    return exp.cast(exp.Literal.string(str(value["value"])), exp.DataType.build(kind["type"], dialect="bigquery"))


def _numeric(tree: exp.Expression) -> exp.Expression:
    """NUMERIC has 38 digits, 9 of them decimals; DuckDB's own default has three."""
    for kind in tree.find_all(exp.DataType):
        if kind.this in {exp.DataType.Type.DECIMAL, exp.DataType.Type.BIGDECIMAL} and not kind.expressions:
            kind.replace(exp.DataType.build("DECIMAL(38, 9)", dialect="duckdb"))
    return tree


def _put_tables(query: Query, warehouse: Warehouse, project: str, default: dict[str, str]) -> None:
    ctes = {cte.alias for cte in query.tree.find_all(exp.CTE)}
    aliases = {one.alias_or_name for one in query.tree.find_all(exp.Table, exp.Subquery)}
    pseudo = {column.name for column in query.tree.find_all(exp.Column)} & {PSEUDO, DATE_OF_PARTITION, SUFFIX}
    for node in list(query.tree.find_all(exp.Table)):
        if not node.db and node.name in ctes:
            continue
        if node.db in aliases and not node.catalog:
            column = exp.column(node.name, table=node.db)
            node.replace(exp.Unnest(expressions=[column], alias=node.args.get("alias")))
            continue
        source, tables, name = _relation(node, warehouse, project, default)
        query.tables[name] = tables
        hidden = [PSEUDO] * any(table.partitioned for table in tables) + [SUFFIX] * name.endswith("*")
        hidden = [column for column in hidden if column not in pseudo]
        if DATE_OF_PARTITION in pseudo:
            hidden = [column for column in hidden if column != PSEUDO]
        inner = f"SELECT * EXCLUDE ({', '.join(hidden)}) FROM ({source})" if hidden else source
        parsed = sqlglot.parse_one(inner, read="duckdb")
        alias = node.alias or name.rsplit(".", 1)[-1]
        node.replace(exp.Subquery(this=parsed, alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True))))
    for column in list(query.tree.find_all(exp.Column)):
        if column.name == DATE_OF_PARTITION:
            moment = exp.column(PSEUDO, table=column.table or None)
            column.replace(exp.cast(moment, "DATE"))
    if pseudo:
        _hide(query.original, query.tree, pseudo)


def _hide(original: exp.Expression, tree: exp.Expression, pseudo: set[str]) -> None:
    """Pseudo columns that are named somewhere do not come with a star."""
    names = {PSEUDO if name == DATE_OF_PARTITION else name for name in pseudo}
    for select in tree.find_all(exp.Select):
        for star in [one for one in select.expressions if isinstance(one, exp.Star)]:
            if select.parent_select is None and isinstance(original, exp.Select):
                star.set("except_", [exp.to_identifier(name) for name in sorted(names)])


def _relation(node: exp.Table, warehouse: Warehouse, project: str, default: dict[str, str]):
    """The DuckDB SELECT that a table's name means, the tables in it, and the name in full."""
    parts = [part for part in ".".join(part.name for part in node.parts).split(".") if part]
    if "INFORMATION_SCHEMA" in parts:
        return bq_information.relation(parts, warehouse, project), [], ".".join(parts)
    if len(parts) == 1 and not default:
        raise invalid_query(f'Table "{parts[0]}" must be qualified with a dataset (e.g. dataset.table).')
    if len(parts) == 1:
        parts = [default.get("projectId", project), default["datasetId"], *parts]
    elif len(parts) == 2:
        parts = [project, *parts]
    owner, dataset, name = parts
    full = ".".join(parts)
    if not name.endswith("*"):
        table = warehouse.find(owner, dataset, name)
        return table.sql, [table], full
    known = warehouse.find_dataset(owner, dataset).tables
    tables = [table for key, table in sorted(known.items()) if fnmatchcase(key, name)]
    if not tables:
        raise not_found(f"Not found: {owner}:{dataset}.{name} does not match any table.")
    prefix = len(name) - 1
    each = [f"SELECT *, '{table.name[prefix:]}' AS \"{SUFFIX}\" FROM ({table.sql})" for table in tables]
    return " UNION ALL BY NAME ".join(each), tables, full


def _unnest(tree: exp.Expression) -> None:
    """An UNNEST without a name brings the members of its records as columns."""
    for node in list(tree.find_all(exp.Unnest)):
        if isinstance(node.parent, exp.From | exp.Join) and not node.args.get("alias"):
            argument = node.expressions[0].sql(dialect="duckdb")
            inner = sqlglot.parse_one(f"SELECT unnest({argument}, max_depth := 2)", read="duckdb")
            node.replace(exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("_unnested"))))
