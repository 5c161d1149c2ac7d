"""The agent's SQL: parsed against an allow-list, run on a locked connection that sees the snapshot's files and no more.

Three fences, each enough for what the others miss: the statement is one query over known tables with known functions
(parsed, not matched by words); the connection can open only the snapshot's fact files and its settings are locked;
time, memory, rows and bytes are capped.
"""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from orchestrator.ledger.duck import open_memory, text_literal
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.snapshot import Snapshot
from shared_models.errors import SqlRefusedError, near_matches
from shared_models.focus.own_columns import FACT_COLUMNS

TABLE: Final = "cost_and_usage"
_SECONDS: Final = 20.0
_MEMORY: Final = "1GB"
_LONGEST_SQL: Final = 20_000
_FUNCTIONS: Final = frozenset(
    [
        "abs",
        "cardinality",
        "map_contains",
        "list_contains",
        "array_contains",
        "array_agg",
        "avg",
        "case",
        "cast",
        "ceil",
        "coalesce",
        "concat",
        "contains",
        "count",
        "date_diff",
        "date_part",
        "date_trunc",
        "datediff",
        "day",
        "dense_rank",
        "element_at",
        "extract",
        "first_value",
        "floor",
        "greatest",
        "if",
        "iff",
        "in",
        "is_null",
        "lag",
        "last_value",
        "least",
        "left",
        "len",
        "length",
        "lower",
        "ltrim",
        "map_keys",
        "map_values",
        "max",
        "median",
        "min",
        "month",
        "mode",
        "nullif",
        "power",
        "quantile_cont",
        "quantile_disc",
        "quarter",
        "rank",
        "regexp_extract",
        "regexp_matches",
        "regexp_like",
        "replace",
        "right",
        "round",
        "row_number",
        "rtrim",
        "sign",
        "split_part",
        "sqrt",
        "starts_with",
        "startswith",
        "stddev",
        "str_position",
        "strftime",
        "strpos",
        "substr",
        "substring",
        "sum",
        "trim",
        "try_cast",
        "upper",
        "variance",
        "week",
        "year",
        "date",
        "timestamp_trunc",
        "timestamptrunc",
        "time_to_str",
        "timetostr",
        "approx_distinct",
        "percentile_cont",
        "percentile_disc",
        "and",
        "or",
        "not",
        "like",
        "ilike",
        "between",
        "xor",
        "str_to_time",
        "any_value",
        "cume_dist",
        "ntile",
        "percent_rank",
        "count_if",
        "bool_and",
        "bool_or",
        "logical_and",
        "logical_or",
        "min_by",
        "max_by",
        "arg_min",
        "arg_max",
        "ts_or_ds_to_date",
        "current_date",
        "date_add",
        "date_sub",
        "dateadd",
    ]
)
_FORBIDDEN: Final = (
    exp.Insert,
    exp.Update,
    exp.Delete,
    exp.Merge,
    exp.Create,
    exp.Drop,
    exp.Alter,
    exp.Command,
    exp.Copy,
    exp.Attach,
    exp.Detach,
    exp.Set,
    exp.Pragma,
    exp.Use,
    exp.Into,
    exp.Parameter,
    exp.Placeholder,
)


@dataclass(frozen=True)
class Rows:
    """The first rows of a result."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    truncated: bool


def check_sql(sql: str) -> str:
    """The statement as canonical SQL of the subset.

    Raises:
        SqlRefusedError: it is not one read-only query over the ledger's table.

    """
    if len(sql) > _LONGEST_SQL:
        raise _refused("The statement is too long.")
    try:
        statements = [found for found in sqlglot.parse(sql, dialect="duckdb") if found is not None]
    except (SqlglotError, RecursionError) as error:
        raise _refused(f"The statement cannot be parsed: {str(error).splitlines()[0][:160]}.") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise _refused("Only one SELECT is run.")
    tree = statements[0]
    for kind in _FORBIDDEN:
        if tree.find(kind):
            raise _refused(f"{kind.__name__} is not read-only SQL.")
    if any(with_.args.get("recursive") for with_ in tree.find_all(exp.With)):
        raise _refused("A recursive query has no known end.")
    _check_tables(tree)
    _check_functions(tree)
    return tree.sql(dialect="duckdb")


def run_sql(ledger: Ledger, snapshot: Snapshot, sql: str, limit: int) -> Rows:
    """At most `limit` rows of a checked statement over a snapshot.

    Raises:
        SqlRefusedError: the statement is refused, fails, or takes longer or more memory than it may.

    """
    checked = check_sql(sql)
    with _locked(ledger, snapshot) as connection, _watched(connection):
        try:
            result = connection.execute(f"SELECT * FROM ({checked}) AS answer LIMIT {limit + 1}")
            columns = tuple(str(column[0]) for column in result.description or ())
            rows = result.fetchall()
        except duckdb.InterruptException as error:
            raise _refused(f"The statement took longer than {_SECONDS:g} s.", "Filter by period first.") from error
        except duckdb.Error as error:
            raise _failed(error) from error
    return Rows(columns, tuple(tuple(row) for row in rows[:limit]), len(rows) > limit)


def _check_tables(tree: exp.Query) -> None:
    own = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        name = table.name.lower()
        plain = isinstance(table.this, exp.Identifier) and not table.db and not table.catalog
        if not plain or name not in {TABLE, *own}:
            raise _refused(f"There is no table {table.sql()[:80]!r}.", f"The table is {TABLE}, in FOCUS 1.4 columns.")


def _check_functions(tree: exp.Query) -> None:
    for function in tree.find_all(exp.Func):
        name = (function.name if isinstance(function, exp.Anonymous) else function.sql_name()).lower()
        if name not in _FUNCTIONS:
            near = near_matches(name, _FUNCTIONS, limit=3)
            raise _refused(
                f"The function {name!r} is not available.", f"Near names: {', '.join(near)}." if near else None
            )


@contextmanager
def _locked(ledger: Ledger, snapshot: Snapshot) -> Generator[duckdb.DuckDBPyConnection, None, None]:
    connection = open_memory()
    try:
        files = [str(ledger.fact_path(load)) for load in snapshot.booked]
        paths = ", ".join(text_literal(file) for file in files)
        connection.execute(f"SET memory_limit = '{_MEMORY}'")
        connection.execute("SET max_temp_directory_size = '0B'")
        connection.execute(f"SET allowed_paths = [{paths}]")
        connection.execute("SET enable_external_access = false")
        connection.execute(f"CREATE VIEW {TABLE} AS SELECT * FROM read_parquet([{paths}])")
        connection.execute("SET lock_configuration = true")
        yield connection
    finally:
        connection.close()


@contextmanager
def _watched(connection: duckdb.DuckDBPyConnection) -> Generator[None, None, None]:
    timer = threading.Timer(_SECONDS, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _failed(error: duckdb.Error) -> SqlRefusedError:
    text = str(error).splitlines()[0]
    missing = text.split('"')[1] if "not found" in text.lower() and text.count('"') > 1 else None
    near = near_matches(missing, FACT_COLUMNS) if missing else []
    return _refused(text.split(":", 1)[-1].strip()[:200], f"Near columns: {', '.join(near)}." if near else None)


def _refused(message: str, hint: str | None = None) -> SqlRefusedError:
    return SqlRefusedError(message, hint=hint or f"Write one SELECT over {TABLE} with FOCUS 1.4 columns.")
