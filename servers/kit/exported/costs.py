"""Costs of one cloud from its converted bills: one statement over Parquet, exact sums, one total per currency."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from servers.kit.exported.bills import Booked
from servers.kit.ports import CostAnswer
from shared_models.coverage import Gap, SourceState
from shared_models.errors import (
    DataNotReadyError,
    SourceNotEnabledError,
    UnknownColumnError,
    UnknownValueError,
    near_matches,
)
from shared_models.export import ExportPart
from shared_models.focus.own_columns import FACT_COLUMNS
from shared_models.query import (
    CostFilter,
    CostLine,
    CostQuery,
    CostSource,
    CurrencyTotal,
    FilterOperator,
    Granularity,
)
from shared_models.quoting import literal, quoted
from shared_models.reach import shortfalls
from shared_models.untrusted import safe_text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

GROUPABLE = tuple(name for name, kind in FACT_COLUMNS.items() if kind in {"VARCHAR", "BOOLEAN", "TIMESTAMP"})
_TAG = "tags."


class ExportedCosts:
    """Answers `query_costs` from the bills of a folder."""

    _told = "Exported data"

    def __init__(self, bills: Booked, where_null: Mapping[str, str] | None = None) -> None:
        """`where_null` names for a column the one that stands for it where it is null."""
        self._bills = bills
        self._where_null = where_null or {}

    async def query(self, query: CostQuery, *, offset: int, limit: int) -> CostAnswer:
        """Lines in descending amount per currency, and the totals over all lines.

        Raises:
            UnknownColumnError: a group or filter names no FOCUS column.
            UnknownValueError: a filter's value never occurs.
            DataNotReadyError: no bill touches the period.
            SourceNotEnabledError: the API's own figures are asked for.

        """
        if query.source is CostSource.API:
            raise SourceNotEnabledError("its API's own figures", source=self._told, hint="Leave source out.")
        return await anyio.to_thread.run_sync(self._query, query, offset, limit)

    def values(self, column: str) -> list[str]:
        """The first thousand distinct values of a column, sorted; blocking.

        Raises:
            UnknownColumnError: it is no FOCUS column.

        """
        value = self._expression(column)
        import duckdb  # noqa: PLC0415 - not before the first question: a server starts without DuckDB

        with duckdb.connect(":memory:") as connection:
            rows = connection.execute(
                f"SELECT DISTINCT {value} FROM {_relation(self._bills.booked())} WHERE {value} IS NOT NULL"
                " ORDER BY 1 LIMIT 1000"
            ).fetchall()
        return [row[0] for row in rows]

    def _expression(self, name: str) -> str:
        other = self._where_null.get(name)
        return f"COALESCE({_expression(name)}, {_expression(other)})" if other else _expression(name)

    def _query(self, query: CostQuery, offset: int, limit: int) -> CostAnswer:
        parts = self._bills.booked()
        period = query.period
        touching = [p for p in parts if p.charge_period_min < period.end and p.charge_period_max > period.start]
        if not touching:
            raise DataNotReadyError("No bill has charges in this period.", hint=_span(parts))
        keys = [self._expression(name) for name in query.group_by]
        import duckdb  # noqa: PLC0415 - not before the first question: a server starts without DuckDB

        with duckdb.connect(":memory:") as connection:
            connection.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
            everything = _relation(parts)
            where = [
                _condition(connection, everything, self._expression(condition.column), condition)
                for condition in query.filters
            ]
            start, end = (instant.replace(tzinfo=None).isoformat(sep=" ") for instant in (period.start, period.end))
            where += [f"ChargePeriodStart >= TIMESTAMP '{start}'", f"ChargePeriodStart < TIMESTAMP '{end}'"]
            bucket = (
                "NULL"
                if query.granularity is Granularity.TOTAL
                else f"CAST(date_trunc('{query.granularity.value}', ChargePeriodStart) AS DATE)::VARCHAR"
            )
            selected = [*[f"{key} AS k{n}" for n, key in enumerate(keys)], f"{bucket} AS bucket", "BillingCurrency"]
            group = ", ".join(str(n) for n in range(1, len(selected) + 1))
            connection.execute(
                f"CREATE TABLE line AS SELECT {', '.join(selected)}, sum({query.metric.value}) AS amount, count(*) AS n"
                f" FROM {_relation(touching)} WHERE {' AND '.join(where)} GROUP BY {group}"
            )
            totals = connection.execute(
                "SELECT BillingCurrency, sum(amount), sum(n) FROM line GROUP BY 1 ORDER BY 1"
            ).fetchall()
            order = ", ".join(["BillingCurrency", "bucket", "amount DESC", *[f"k{n}" for n in range(len(keys))]])
            rows = connection.execute(
                f"SELECT * EXCLUDE (n) FROM line ORDER BY {order} LIMIT {limit} OFFSET {offset}"
            ).fetchall()
            count = connection.execute("SELECT count(*) FROM line").fetchone() or (0,)
        return CostAnswer(
            lines=tuple(_line(row, len(keys)) for row in rows),
            total=int(count[0]),
            totals=tuple(
                CurrencyTotal(currency=c, amount=Decimal(amount or 0), rows=int(n)) for c, amount, n in totals
            ),
            gaps=tuple(
                Gap(source=touching[0].provider, state=SourceState.PARTIAL, code=code, message=message)
                for code, message in shortfalls(touching, parts, period)
            ),
        )


def _line(row: Sequence[Any], keys: int) -> CostLine:
    named = tuple(safe_text(key) if key is not None else None for key in row[:keys])
    return CostLine(keys=named, bucket=row[keys], currency=row[keys + 1], amount=Decimal(row[keys + 2] or 0))


def _expression(name: str) -> str:
    if name.lower().startswith(_TAG) and len(name) > len(_TAG):
        return f"Tags[{literal(name[len(_TAG) :])}]"
    if name not in GROUPABLE:
        raise UnknownColumnError(name, [*GROUPABLE, "tags.<key>"])
    return f"CAST({quoted(name)} AS VARCHAR)"


def _condition(connection: "DuckDBPyConnection", relation: str, value: str, condition: CostFilter) -> str:
    wanted = ", ".join(literal(v) for v in condition.values)
    operator = condition.operator
    if operator is FilterOperator.IS_NULL:
        return f"{value} IS NULL"
    if operator is FilterOperator.IS_NOT_NULL:
        return f"{value} IS NOT NULL"
    if operator is FilterOperator.CONTAINS:
        return f"contains(lower({value}), {literal(condition.values[0].lower())})"
    found = {row[0] for row in connection.execute(f"SELECT DISTINCT {value} FROM {relation}").fetchall() if row[0]}
    for one in condition.values:
        if one not in found:
            raise UnknownValueError(condition.column, one, near_matches(one, found))
    return (
        f"({value} IS NULL OR {value} NOT IN ({wanted}))"
        if operator is FilterOperator.NOT_IN
        else f"{value} IN ({wanted})"
    )


def _relation(parts: Sequence[ExportPart]) -> str:
    return f"read_parquet([{', '.join(literal(part.path) for part in parts)}])"


def _span(parts: Sequence[ExportPart]) -> str:
    if not parts:
        return "The folder holds no bills yet."
    first, last = min(p.charge_period_min for p in parts), max(p.charge_period_max for p in parts)
    return f"The bills here run from {first:%Y-%m-%d} to {last:%Y-%m-%d}."
