"""From a mapping to typed rows: relation `prepared`, with a reason beside each row that cannot be kept."""

from collections.abc import Mapping
from typing import Final

import duckdb

from servers.kit.exports.providers import account_of, cloud_of, is_azure
from servers.kit.exports.sql import as_identity, as_json, as_map, as_money, as_period, as_tail, as_text, as_time
from shared_models.export import CostBasis
from shared_models.focus.cost_and_usage import COST_AND_USAGE
from shared_models.focus.own_columns import FACT_COLUMNS
from shared_models.quoting import literal, quoted

METRICS: Final = tuple(basis.value for basis in CostBasis)
_TIMES: Final = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")
_PERIOD: Final = _TIMES[:2]
_ACCOUNTS: Final = ("BillingAccountId", "SubAccountId")
_IDENTITIES: Final = (*_ACCOUNTS, "ResourceId")
_JSON: Final = frozenset(c.name for c in COST_AND_USAGE.columns if c.kind.value == "JSON")
SPLIT: Final = "split_beside_parent"
FAULT: Final = "x_Fault"
"""A mapped column with which a source format says why a row cannot be kept."""
_CURRENCY: Final = "^[A-Z]{3}$"


def create_mapped(connection: duckdb.DuckDBPyConnection, relation: str, mapping: Mapping[str, str]) -> dict[str, str]:
    """View `mapped`: the mapping's expressions over a relation; returns {fact column: type as the source has it}."""
    columns = ", ".join(f"{expression} AS {quoted(name)}" for name, expression in mapping.items())
    connection.execute(f"CREATE VIEW mapped AS SELECT {columns}, _file, _row FROM {relation}")
    described = connection.execute("DESCRIBE SELECT * EXCLUDE (_file, _row) FROM mapped").fetchall()
    return {str(row[0]): str(row[1]) for row in described}


def create_prepared(
    connection: duckdb.DuckDBPyConnection,
    kinds: Mapping[str, str],
    *,
    source_format: str,
    aside: str | None,
    apart: str | None,
) -> None:
    """View `prepared`: the fact columns, `_file`, `_row`, `_apart`, `_reason`, `_column`, `_value` and the money tails.

    `aside` and `apart` are SQL conditions over `mapped`: for rows that are set aside by rule, and for rows that make
    parts of their own.
    """
    values = {name: _value(name, kinds) for name in FACT_COLUMNS}
    if parties := _parties_of_azure(connection, kinds):
        values |= {name: account_of(quoted(name), kinds[name], parties) for name in _ACCOUNTS if name in kinds}
    values["x_SourceFormat"] = literal(source_format)
    values["x_SourceRow"] = "_row"
    values["x_ProForma"] = _pro_forma(kinds)
    typed = ", ".join(f"{expression} AS {quoted(name)}" for name, expression in values.items())
    tails = ", ".join(f"{_tail(name, kinds)} AS {quoted('_tail_' + name)}" for name in METRICS)
    raws = ", ".join(f"{_raw(name, kinds)} AS {quoted('_raw_' + name)}" for name in (*METRICS, *_TIMES))
    nulls = ", ".join(f"{_is_null(name, kinds)} AS {quoted('_null_' + name)}" for name in (*METRICS, *_TIMES))
    fault = quoted(FAULT) if FAULT in kinds else "CAST(NULL AS VARCHAR)"
    inner = (
        f"SELECT {typed}, {tails}, {raws}, {nulls}, {aside or 'false'} AS _aside, {fault} AS _told,"
        f" COALESCE({apart or 'false'}, false) AS _apart, _file, _row FROM mapped"
    )
    told = f"WHEN _aside THEN {literal(SPLIT)} WHEN _told IS NOT NULL THEN _told"
    faults = " ".join(f"WHEN {condition} THEN {literal(reason)}" for reason, _, condition in _FAULTS)
    where = " ".join(f"WHEN {literal(reason)} THEN {literal(column)}" for reason, column, _ in _FAULTS)
    shown = " ".join(
        f"WHEN {literal(reason)} THEN {quoted('_raw_' + column)}"
        for reason, column, _ in _FAULTS
        if column in {*METRICS, *_TIMES}
    )
    hidden = ", ".join(quoted(mark + name) for mark in ("_raw_", "_null_") for name in (*METRICS, *_TIMES))
    connection.execute(
        f"CREATE VIEW prepared AS SELECT * EXCLUDE ({hidden}, _told),"
        f" CASE _reason {where} END AS _column, CASE _reason {shown} END AS _value FROM"
        f" (SELECT *, CASE {told} {faults} END AS _reason FROM ({inner}))"
    )


def _faults() -> tuple[tuple[str, str, str], ...]:
    """(reason, column, condition): what makes a row impossible to book, the first that holds is the reason."""
    found = [(f"{name} is missing", name, quoted("_null_" + name)) for name in ("BilledCost", *_TIMES)]
    found += [
        (f"{name} is not a finite number of at most 18 integer digits", name, _unreadable(name)) for name in METRICS
    ]
    found += [
        (f"{name} is not {'the border of a day or month' if name in _PERIOD else 'a time'}", name, _unreadable(name))
        for name in _TIMES
    ]
    found += [
        ("BillingAccountId is missing", "BillingAccountId", '"BillingAccountId" IS NULL'),
        (
            "BillingCurrency is not a currency code",
            "BillingCurrency",
            f'"BillingCurrency" IS NULL OR NOT regexp_matches("BillingCurrency", {literal(_CURRENCY)})',
        ),
        ("ChargeCategory is missing", "ChargeCategory", '"ChargeCategory" IS NULL'),
        ("the charge period is reversed", "ChargePeriodEnd", '"ChargePeriodEnd" < "ChargePeriodStart"'),
        ("the billing period is empty or reversed", "BillingPeriodEnd", '"BillingPeriodEnd" <= "BillingPeriodStart"'),
    ]
    return tuple(found)


def _unreadable(name: str) -> str:
    return f"{quoted(name)} IS NULL AND NOT {quoted('_null_' + name)}"


_FAULTS: Final = _faults()


def _value(name: str, kinds: Mapping[str, str]) -> str:
    kind, source = FACT_COLUMNS[name], quoted(name)
    if name not in kinds:
        return f"CAST(NULL AS {kind})"
    given = kinds[name]
    if kind.startswith("DECIMAL"):
        return as_money(source, given)
    if kind == "TIMESTAMP":
        return as_period(as_time(source, given)) if name in _PERIOD and given != "DATE" else as_time(source, given)
    if kind.startswith("MAP"):
        return as_map(source, given)
    if kind in {"BOOLEAN", "BIGINT"}:
        return f"TRY_CAST({source} AS {kind})"
    as_words = as_json if name in _JSON else as_identity if name in _IDENTITIES else as_text
    return as_words(source, given)


def _parties_of_azure(connection: duckdb.DuckDBPyConnection, kinds: Mapping[str, str]) -> list[str]:
    """Who sells and who invoices, as SQL, where one of them is Azure in any row; to look at each row costs."""
    parties = [quoted(party) for party in ("ServiceProviderName", "InvoiceIssuerName") if party in kinds]
    if not parties:
        return []
    found = connection.execute(f"SELECT DISTINCT {', '.join(parties)} FROM mapped").fetchall()
    return parties if any(is_azure(str(name)) for row in found for name in row) else []


def _tail(name: str, kinds: Mapping[str, str]) -> str:
    return as_tail(quoted(name), kinds[name]) if name in kinds else "CAST(NULL AS DECIMAL(38,30))"


def _is_null(name: str, kinds: Mapping[str, str]) -> str:
    """Whether the source has no value: cheap where it is typed, by the text where an empty word means null."""
    if name not in kinds:
        return "true"
    return f"{quoted(name)} IS NULL" if kinds[name] != "VARCHAR" else f"{as_text(quoted(name), 'VARCHAR')} IS NULL"


def _raw(name: str, kinds: Mapping[str, str]) -> str:
    return as_text(quoted(name), kinds[name]) if name in kinds else "CAST(NULL AS VARCHAR)"


def _pro_forma(kinds: Mapping[str, str]) -> str:
    """A cloud's own charge that somebody else invoices: a reseller's or a showback group's bill."""
    if "x_ProForma" in kinds:
        return 'COALESCE(TRY_CAST("x_ProForma" AS BOOLEAN), false)'
    if not {"InvoiceIssuerName", "ServiceProviderName"} <= kinds.keys():
        return "false"
    seller, issuer = cloud_of('"ServiceProviderName"'), cloud_of('"InvoiceIssuerName"')
    named = '"InvoiceIssuerName" IS NOT NULL'
    resold = f"{named} AND {seller} IN ('aws', 'azure', 'gcp') AND COALESCE({issuer}, '') <> {seller}"
    return f"COALESCE({resold}, false)"
