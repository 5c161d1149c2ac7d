"""A cost question in GoogleSQL over one export, and its plain refusal where the export does not know a column.

Amounts are summed as their shortest decimals, never as floats. Credits count as in `servers.gcp.exports`: BilledCost
and EffectiveCost are cost + sum(credits), ContractedCost is cost, ListCost cost at list. By ChargeCategory, credits
that are no discounts stand apart as Credit; by x_CreditType, every credit stands apart under its type, and the line
without one is the cost before credits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from servers.gcp.billing_exports.discovery import ExportTable, Kind
from servers.gcp.exports import DISCOUNTS
from shared_models.errors import SourceNotEnabledError, UnknownColumnError
from shared_models.export import CostBasis
from shared_models.focus.own_columns import FACT_COLUMNS
from shared_models.query import CostFilter, CostQuery, FilterOperator, Granularity

TAG: Final = "tags."
_EARLY: Final = timedelta(days=3)
"""How long before its use a row may have been exported: what BigQuery need not read is older than that."""
_CREDIT_TYPE: Final = "x_CreditType"
_CATEGORY: Final = "ChargeCategory"
_COLUMNS: Final[Mapping[str, str]] = {
    "BillingAccountId": "t.billing_account_id",
    "BillingPeriodStart": (
        "FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', PARSE_TIMESTAMP('%Y%m%d', CONCAT(t.invoice.month, '01')))"
    ),
    "SubAccountId": "t.project.id",
    "SubAccountName": "t.project.name",
    "ServiceName": "t.service.description",
    "x_ServiceCode": "t.service.id",
    "SkuId": "t.sku.id",
    "SkuMeter": "t.sku.description",
    "x_UsageType": "t.sku.description",
    "RegionId": "COALESCE(t.location.region, t.location.location)",
    "AvailabilityZone": "t.location.zone",
    "ResourceId": "COALESCE(t.resource.global_name, t.resource.name)",
    "ResourceName": "t.resource.name",
    "x_PublisherName": "t.seller_name",
}
_CATEGORY_OF_CHARGE: Final = (
    "CASE WHEN LOWER(t.cost_type) = 'tax' THEN 'Tax' WHEN LOWER(t.cost_type) IN ('adjustment', 'rounding_error')"
    " THEN 'Adjustment' WHEN t.sku.description LIKE 'Commitment%' THEN 'Purchase' ELSE 'Usage' END"
)


@dataclass
class Asked:
    """One query without its values, which are bound to `@p0`, `@p1`... as text."""

    sql: str
    values: list[str] = field(default_factory=list[str])
    notes: tuple[str, ...] = ()


def columns_of(query: CostQuery) -> set[str]:
    """The columns that a question names."""
    return {*query.group_by, *(condition.column for condition in query.filters)}


def knows(table: ExportTable, query: CostQuery) -> bool:
    """Whether an export can answer a question.

    Raises:
        UnknownColumnError: no export could, for it is no column.

    """
    for column in columns_of(query):
        if not column.lower().startswith(TAG) and column not in FACT_COLUMNS:
            raise UnknownColumnError(column, [*FACT_COLUMNS, "tags.<key>"])
        if not _known(table, column):
            return False
    return table.kind not in {Kind.FOCUS, Kind.FOCUS_VIEW} or query.metric.value in table.columns


def refusal(tables: Sequence[ExportTable], query: CostQuery) -> SourceNotEnabledError:
    """Why no export can answer."""
    unknown = sorted(one for one in columns_of(query) if not any(_known(table, one) for table in tables))
    wanted = ", ".join(unknown) or query.metric.value
    return SourceNotEnabledError(
        wanted, source="a query of the billing exports", hint="Sync first, or ask for other columns."
    )


def asked(query: CostQuery, table: ExportTable) -> Asked:
    """The query of a question over an export that knows its columns."""
    made = Asked("")

    def bound(value: str) -> str:
        made.values.append(value)
        return f"@p{len(made.values) - 1}"

    focus = table.kind in {Kind.FOCUS, Kind.FOCUS_VIEW}
    start = "t.ChargePeriodStart" if focus else "t.usage_start_time"
    where = [f"{start} >= TIMESTAMP('{query.period.start:%Y-%m-%d %H:%M:%S}')"]
    where += [f"{start} < TIMESTAMP('{query.period.end:%Y-%m-%d %H:%M:%S}')"]
    if table.partitioned:
        where.append(f"t._PARTITIONTIME >= TIMESTAMP('{(query.period.start - _EARLY):%Y-%m-%d}')")
    parts = [_part(table, where, query.metric.value)] if focus else _native(query, table, where)
    selects = [_select(query, part, start, bound) for part in parts]
    keys = [f"k{number}" for number in range(len(query.group_by))]
    conditions = " AND ".join(_condition(f"f{n}", one, bound) for n, one in enumerate(query.filters))
    grouped = ", ".join([*keys, "day", "currency"])
    made.sql = (
        f"WITH bill AS ({' UNION ALL '.join(selects)})"
        f" SELECT {grouped}, SUM(amount) AS amount, COUNT(*) AS lines, MIN(began) AS began FROM bill"
        f"{f' WHERE {conditions}' if conditions else ''} GROUP BY {grouped}"
    )
    made.notes = _notes(query, focus=focus)
    return made


@dataclass(frozen=True)
class _Part:
    """One SELECT over the table: what it sums, where from, and what its credit columns are."""

    table: ExportTable
    amount: str
    where: Sequence[str]
    joined: str = ""
    category: str = _CATEGORY_OF_CHARGE
    credit_type: str = "CAST(NULL AS STRING)"


def _part(table: ExportTable, where: Sequence[str], column: str) -> _Part:
    return _Part(table, f"t.{column}", where)


def _native(query: CostQuery, table: ExportTable, where: Sequence[str]) -> list[_Part]:
    if query.metric is CostBasis.LIST:
        listed = "cost_at_list" in table.columns
        return [
            _Part(
                table,
                f"COALESCE({_exact('t.cost_at_list')}, {_exact('t.cost')})" if listed else _exact("t.cost"),
                where,
            )
        ]
    if query.metric is CostBasis.CONTRACTED:
        return [_Part(table, _exact("t.cost"), where)]
    apart, named = columns_of(query) & {_CATEGORY, _CREDIT_TYPE}, ", ".join(f"'{one}'" for one in DISCOUNTS)
    if not apart:
        return [_Part(table, f"{_exact('t.cost')} + {_credits()}", where)]
    every = _CREDIT_TYPE in apart
    discount = f"COALESCE(c.type, '') IN ({named})"
    charge = _exact("t.cost") if every else f"{_exact('t.cost')} + {_credits(discount)}"
    credit = _Part(
        table,
        _exact("c.amount"),
        where if every else [*where, f"NOT ({discount})"],
        joined=" CROSS JOIN UNNEST(t.credits) AS c",
        category=f"CASE WHEN {discount} THEN {_CATEGORY_OF_CHARGE} ELSE 'Credit' END",
        credit_type="COALESCE(c.type, c.name)",
    )
    return [_Part(table, charge, where), credit]


def _select(query: CostQuery, part: _Part, start: str, bound: Callable[[str], str]) -> str:
    keys = [f"{_expression(part, name, bound)} AS k{n}" for n, name in enumerate(query.group_by)]
    filters = [f"{_expression(part, one.column, bound)} AS f{n}" for n, one in enumerate(query.filters)]
    currency = "t.BillingCurrency" if part.table.kind in {Kind.FOCUS, Kind.FOCUS_VIEW} else "t.currency"
    day = {
        Granularity.TOTAL: "CAST(NULL AS DATE)",
        Granularity.DAY: f"DATE({start})",
        Granularity.WEEK: f"DATE({start})",
    }
    bucket = day.get(query.granularity, f"CAST(DATE_TRUNC(DATE({start}), MONTH) AS DATE)")
    columns = [*keys, *filters, f"{bucket} AS day", f"{currency} AS currency", f"{part.amount} AS amount"]
    return (
        f"SELECT {', '.join([*columns, f'{start} AS began'])} FROM `{part.table.name}` AS t{part.joined}"
        f" WHERE {' AND '.join(part.where)}"
    )


def _expression(part: _Part, name: str, bound: Callable[[str], str]) -> str:
    table = part.table
    if name.lower().startswith(TAG):
        lists = ["t.Tags"] if table.kind in {Kind.FOCUS, Kind.FOCUS_VIEW} else _labels(table)
        key = bound(name[len(TAG) :])
        found = [f"(SELECT l.value FROM UNNEST({one}) AS l WHERE l.key = {key} LIMIT 1)" for one in lists]
        return f"COALESCE({', '.join(found)}, CAST(NULL AS STRING))"
    if table.kind in {Kind.FOCUS, Kind.FOCUS_VIEW}:
        if FACT_COLUMNS[name] == "TIMESTAMP":
            return f"FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', t.{name})"
        return f"CAST(t.{name} AS STRING)"
    own = {_CATEGORY: part.category, _CREDIT_TYPE: part.credit_type, "BillingCurrency": "t.currency"}
    return own.get(name) or _COLUMNS[name]


def _labels(table: ExportTable) -> list[str]:
    """Where labels and tags stand, the one that counts first; the order of the conversion."""
    return [one for one in ("t.labels", "t.tags") if one[2:] in table.columns] + ["t.project.labels"]


def _known(table: ExportTable, column: str) -> bool:
    if table.kind in {Kind.FOCUS, Kind.FOCUS_VIEW}:
        return ("Tags" if column.lower().startswith(TAG) else column) in table.columns
    if column in {"ResourceId", "ResourceName"}:
        return "resource" in table.columns
    return column.lower().startswith(TAG) or column in {*_COLUMNS, _CATEGORY, _CREDIT_TYPE, "BillingCurrency"}


def _condition(value: str, condition: CostFilter, bound: Callable[[str], str]) -> str:
    match condition.operator:
        case FilterOperator.IS_NULL:
            return f"{value} IS NULL"
        case FilterOperator.IS_NOT_NULL:
            return f"{value} IS NOT NULL"
        case FilterOperator.CONTAINS:
            return f"STRPOS(LOWER({value}), LOWER({bound(condition.values[0])})) > 0"
        case FilterOperator.NOT_IN:
            return f"({value} IS NULL OR {value} NOT IN ({', '.join(map(bound, condition.values))}))"
        case FilterOperator.EQUALS | FilterOperator.IN:
            return f"{value} IN ({', '.join(map(bound, condition.values))})"


def _exact(column: str) -> str:
    """A float as the decimal that it was written as."""
    return f"CAST(CAST({column} AS STRING) AS BIGNUMERIC)"


def _credits(condition: str = "TRUE") -> str:
    return f"COALESCE((SELECT SUM({_exact('c.amount')}) FROM UNNEST(t.credits) AS c WHERE {condition}), 0)"


def _notes(query: CostQuery, *, focus: bool) -> tuple[str, ...]:
    notes: list[str] = []
    if query.metric is CostBasis.EFFECTIVE and not focus:
        notes.append("EffectiveCost is the net cost here: only the FOCUS export spreads commitments over their use")
    if not focus and _CREDIT_TYPE in columns_of(query):
        notes.append("every credit stands under its type; the line without one is the cost before credits")
    return tuple(notes)


def bucket_of(day: date | None, granularity: Granularity) -> str | None:
    """The bucket in which a day lies, by its first day."""
    if day is None or granularity is Granularity.TOTAL:
        return None
    match granularity:
        case Granularity.WEEK:
            first = day - timedelta(days=day.weekday())
        case Granularity.QUARTER:
            first = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case Granularity.YEAR:
            first = day.replace(month=1, day=1)
        case _:
            first = day
    return first.isoformat()
