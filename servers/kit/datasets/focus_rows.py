"""A FOCUS dataset's rows, typed as the ledger keeps them, with a reason beside each row that cannot be kept."""

from collections.abc import Iterator, Mapping
from typing import Final

import duckdb

from servers.kit.exports.focus_datasets import DatasetShape
from servers.kit.exports.native import normalised
from servers.kit.exports.providers import account_of, cloud_of, slug_of
from servers.kit.exports.sql import as_json, as_money, as_period, as_text, as_time
from shared_models.dataset import FOCUS_DATASETS, RECORD_KEYS, columns_of
from shared_models.focus.column import Column, Kind
from shared_models.quoting import literal, quoted

_CURRENCY: Final = "^[A-Z]{3}$"
_PERIODS: Final = ("BillingPeriod", "ContractCommitmentPeriod", "ContractPeriod")
_BORDERS: Final = ("BillingPeriodStart", "BillingPeriodEnd")
_UPDATED: Final = ("InvoiceDetailLastUpdated", "ContractCommitmentLastUpdated", "BillingPeriodLastUpdated")
_SAYS: Final = {
    Kind.DECIMAL: "is not a finite number of at most 18 integer digits",
    Kind.DATE_TIME: "is not a time",
    Kind.JSON: "is not JSON",
}


def create_rows(
    connection: duckdb.DuckDBPyConnection, shape: DatasetShape, kinds: Mapping[str, str], *, provider: str | None
) -> None:
    """Table `kept_or_not` over `source`: the dataset's columns, `_file`, `_row`, `_reason`, `_column`, `_value`,
    and `_said`, the billed cost with 18 decimals as the source has it.

    `provider` files rows whose issuer or seller is no cloud that we know. Of two rows with one key the one that was
    updated last is kept.
    """
    dataset = FOCUS_DATASETS[shape.name]
    values = {column.name: _value(column, shape, kinds) for column in dataset.columns}
    values["x_Provider"] = _provider(shape, provider)
    values["x_SourceFormat"] = literal(shape.version.value)
    values["x_SourceRow"] = "_row"
    typed = ", ".join(f"{expression} AS {quoted(name)}" for name, expression in values.items())
    raws = ", ".join(f"{_raw(column, shape, kinds)} AS {quoted('_raw_' + column.name)}" for column in dataset.columns)
    faults = list(_faults(shape))
    reasons = " ".join(f"WHEN {condition} THEN {literal(reason)}" for reason, _, condition in faults)
    columns = " ".join(f"WHEN {literal(reason)} THEN {literal(column)}" for reason, column, _ in faults)
    shown = " ".join(f"WHEN {literal(reason)} THEN {quoted('_raw_' + column)}" for reason, column, _ in faults)
    key = ", ".join(["x_Provider", *map(quoted, RECORD_KEYS[shape.name])])
    identity = RECORD_KEYS[shape.name][-1]
    doubled = f"{identity} stands twice"
    said = 'TRY_CAST("_raw_BilledCost" AS DECIMAL(38,18))' if "BilledCost" in dataset.names else "NULL"
    newest = next((quoted(name) for name in _UPDATED if name in dataset.names), "NULL")
    connection.execute(
        f"CREATE TABLE kept_or_not AS WITH typed AS (SELECT {typed}, {raws}, _file, _row FROM source),"
        f" judged AS (SELECT *, CASE {reasons} END AS _fault FROM typed),"
        " told_apart AS (SELECT *, CASE WHEN _fault IS NOT NULL THEN _fault WHEN row_number() OVER (PARTITION BY"
        f" {key}, _fault IS NULL ORDER BY {newest} DESC NULLS LAST, _file, _row) > 1 THEN {literal(doubled)} END"
        " AS _reason FROM judged)"
        f" SELECT {', '.join(quoted(name) for name in columns_of(shape.name))}, _file, _row, _reason,"
        f" {said} AS _said, CASE _reason {columns} WHEN {literal(doubled)} THEN {literal(identity)} END AS _column,"
        f" CASE _reason {shown} WHEN {literal(doubled)} THEN {quoted('_raw_' + identity)} END AS _value"
        " FROM told_apart"
    )


def _source(column: Column, shape: DatasetShape) -> str | None:
    return shape.spelling.get(normalised(column.name))


def _value(column: Column, shape: DatasetShape, kinds: Mapping[str, str]) -> str:
    kind = columns_of(shape.name)[column.name]
    source = _source(column, shape)
    if source is None:
        return f"CAST(NULL AS {kind})"
    expression, given = quoted(source), kinds[source]
    if column.kind is Kind.DECIMAL:
        return as_money(expression, given)
    if column.kind is Kind.DATE_TIME:
        instant = as_time(expression, given)
        return as_period(instant) if column.name in _BORDERS else instant
    if column.kind is Kind.JSON:
        text = as_json(expression, given)
        return f"CASE WHEN json_valid({text}) THEN {text} END"
    if column.name == "BillingAccountId":
        return account_of(expression, given, _parties(shape))
    return as_text(expression, given)


def _raw(column: Column, shape: DatasetShape, kinds: Mapping[str, str]) -> str:
    """The value as written, null where the source has none."""
    source = _source(column, shape)
    if source is None:
        return "CAST(NULL AS VARCHAR)"
    text = as_json if column.kind is Kind.JSON else as_text
    return text(quoted(source), kinds[source])


def _parties(shape: DatasetShape) -> list[str]:
    names = ("serviceprovidername", "invoiceissuername")
    return [quoted(shape.spelling[name]) for name in names if name in shape.spelling]


def _provider(shape: DatasetShape, given: str | None) -> str:
    """The known cloud that sells or issues, else what was said, else the name itself."""
    names = _parties(shape)
    clouds = [cloud_of(name) for name in names]
    slugs = [slug_of(name) for name in names]
    return f"COALESCE({', '.join([*clouds, *([literal(given)] if given else slugs), literal('unknown')])})"


def _faults(shape: DatasetShape) -> Iterator[tuple[str, str, str]]:
    """(reason, column, condition): what makes a row impossible to keep, the first that holds is the reason."""
    present = [column for column in shape.columns if _source(column, shape) is not None]
    for column in present:
        raw, value = quoted("_raw_" + column.name), quoted(column.name)
        if not column.nullable:
            yield f"{column.name} is missing", column.name, f"{raw} IS NULL"
        if column.kind in _SAYS:
            says = "is not the border of a day or month" if column.name in _BORDERS else _SAYS[column.kind]
            yield f"{column.name} {says}", column.name, f"{raw} IS NOT NULL AND {value} IS NULL"
        if column.allowed is not None:
            allowed = ", ".join(literal(one.value) for one in column.allowed)
            yield f"{column.name} is not one of its allowed values", column.name, f"{value} NOT IN ({allowed})"
        if column.name.endswith("Currency"):
            code = f"NOT regexp_matches({value}, {literal(_CURRENCY)})"
            yield f"{column.name} is not a currency code", column.name, code
    names = {column.name for column in present}
    for period in _PERIODS:
        start, end = f"{period}Start", f"{period}End"
        if {start, end} <= names:
            yield f"{start} is not before {end}", end, f"{quoted(end)} <= {quoted(start)}"
