"""Cost Management Query: costs of the ledger as the API groups, filters, pages, limits and shifts them.

`ActualCost` and `Usage` are BilledCost, `AmortizedCost` is EffectiveCost. The columns of a reply come in this order:
aggregations, the date (UsageDate as a number by day, BillingMonth as a time by month), groupings, Currency.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from azure.mgmt.costmanagement import models

from tests.clouds.azure.call import Call, Operation
from tests.clouds.azure.cost_values import Condition, condition, dimension, tag, tag_path
from tests.clouds.azure.errors import AzureError, bad_request, not_implemented
from tests.clouds.azure.ledger import identifier
from tests.clouds.azure.scope import Scope, scope_of

_AGGREGATIONS: Final[Mapping[str, tuple[str, str]]] = {
    "Cost": ("billed", "effective"),
    "PreTaxCost": ("billed", "effective"),
    "CostUSD": ("billed_usd", "effective_usd"),
    "PreTaxCostUSD": ("billed_usd", "effective_usd"),
    "UsageQuantity": ("quantity", "quantity"),
}
"""Name -> the column of actual and of amortized cost."""
_MOST_GROUPINGS: Final = 2
_MOST_AGGREGATIONS: Final = 2
_MOST_DAYS: Final = 31
_MOST_MONTHS: Final = 12
_OLDEST: Final = timedelta(days=37 * 31)
_PAGE: Final = 1000
_MOST_ROWS: Final = 5000
_RESOURCE_SCOPES: Final = ("subscription", "resourceGroup")


@dataclass(frozen=True)
class Period:
    """Days of the query, both included."""

    first: date
    last: date

    @property
    def months(self) -> int:
        """Calendar months touched: what a query pays for."""
        return (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1


@dataclass(frozen=True)
class _Column:
    name: str
    kind: str
    sql: str
    values: tuple[object, ...] = ()


def usage(call: Call) -> dict[str, Any]:
    """POST query: one page of rows; the next one by posting the same body to `nextLink`."""
    scope = scope_of(call, call.names["scope"])
    body = call.body or {}
    dataset = body["dataset"]
    if dataset.get("configuration"):
        raise not_implemented("a query with a configuration of columns")
    granularity = str(dataset.get("granularity") or "None")
    period = period_of(call, body)
    _pay(call, period)
    _limit(period, granularity, dataset, scope)
    columns = _columns(dataset, granularity, amortized=str(body["type"]).lower() == "amortizedcost")
    rows = _rows(call, scope, period, columns, dataset)
    size = min(int(call.query.get("$top", _PAGE)), call.endpoint.page_sizes.get("query", _MOST_ROWS))
    page, token = call.page(rows, size, call.query.get("$skiptoken"))
    kept = {"top": call.query["$top"]} if "$top" in call.query else {}
    link = None if token is None else call.link(call.path, **kept, skiptoken=token)
    return result(call, scope, "Query", [{"name": one.name, "type": one.kind} for one in columns], page, link)


def result(
    call: Call, scope: Scope, kind: str, columns: list[dict[str, str]], rows: list[Any], link: str | None
) -> dict[str, Any]:
    """A reply of Query or Forecast."""
    name = identifier(kind, scope.id, call.body)
    return {
        "id": f"{scope.id}/providers/Microsoft.CostManagement/{kind}/{name}",
        "name": name,
        "type": f"Microsoft.CostManagement/{kind.lower()}",
        "properties": {"nextLink": link, "columns": columns, "rows": rows},
    }


def period_of(call: Call, body: Mapping[str, Any]) -> Period:
    """The days that a body asks for, as the API understands them: swapped if backwards, shifted out of the future.

    Raises:
        AzureError: there is no such time frame, or it is too long ago.

    """
    today = call.now.date()
    frame = str(body["timeframe"]).lower()
    month = today.replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    named = {
        "monthtodate": Period(month, today),
        "billingmonthtodate": Period(month, today),
        "thecurrentmonth": Period(month, today),
        "thelastmonth": Period(before, month - timedelta(days=1)),
        "thelastbillingmonth": Period(before, month - timedelta(days=1)),
        "weektodate": Period(today - timedelta(days=today.weekday()), today),
    }
    if frame in named:
        return named[frame]
    asked = body.get("timePeriod")
    if frame != "custom" or not asked:
        raise bad_request("Invalid query definition: a custom time frame needs its time period.")
    first, last = sorted(_day(asked[name]) for name in ("from", "to"))
    if first > today:
        first, last = today - (last - first), today
    if first < today - _OLDEST:
        raise bad_request("Invalid query definition: data is available for the last 37 months only.")
    return Period(first, last)


def _day(text: str) -> date:
    return datetime.fromisoformat(text).astimezone(UTC).date() if "T" in text else date.fromisoformat(text)


def _pay(call: Call, period: Period) -> None:
    headers, allowed = call.endpoint.quotas.cost_query(call.tenant, period.months, call.headers.get("clienttype"))
    call.reply_headers.update(headers)
    if not allowed:
        raise AzureError("429", "Too many requests. Please retry.", 429)


def _limit(period: Period, granularity: str, dataset: Mapping[str, Any], scope: Scope) -> None:
    groupings = dataset.get("grouping") or []
    if len(groupings) > _MOST_GROUPINGS:
        raise bad_request("Invalid query definition: a dataset can have at most 2 groupings.")
    if len(dataset.get("aggregation") or {}) > _MOST_AGGREGATIONS:
        raise bad_request("Invalid query definition: a dataset can have at most 2 aggregations.")
    if granularity.lower() == "daily" and (period.last - period.first).days + 1 > _MOST_DAYS:
        raise bad_request("Invalid query definition: the daily granularity allows at most 31 days.")
    if granularity.lower() != "daily" and period.months > _MOST_MONTHS + (period.first.day > 1):
        raise bad_request("Invalid query definition: the time period exceeds 12 months.")
    if scope.kind not in _RESOURCE_SCOPES and any(one["name"].lower() == "resourceid" for one in groupings):
        raise bad_request("Invalid query definition: ResourceId can group at subscription scope or below only.")


def _columns(dataset: Mapping[str, Any], granularity: str, *, amortized: bool) -> list[_Column]:
    found = []
    for said in (dataset.get("aggregation") or {}).values():
        known = {name.lower(): (name, columns) for name, columns in _AGGREGATIONS.items()}
        if said["name"].lower() not in known or said["function"].lower() != "sum":
            raise bad_request(f"Invalid query definition: aggregation of '{said['name']}' is not supported.")
        name, columns = known[said["name"].lower()]
        found.append(_Column(name, "Number", f"sum({columns[amortized]})"))
    if granularity.lower() == "daily":
        found.append(_Column("UsageDate", "Number", "CAST(strftime(day, '%Y%m%d') AS INTEGER)"))
    if granularity.lower() == "monthly":
        found.append(_Column("BillingMonth", "Datetime", "strftime(date_trunc('month', day), '%Y-%m-%dT00:00:00')"))
    for group in dataset.get("grouping") or []:
        if group["type"].lower() == "dimension":
            found.append(_Column(group["name"], "String", dimension(group["name"])))
        else:
            found.append(_Column("TagKey", "String", "lower(?)", (group["name"],)))
            found.append(_Column("TagValue", "String", tag(), (tag_path(group["name"]),)))
    return [*found, _Column("Currency", "String", "currency")]


def _rows(
    call: Call, scope: Scope, period: Period, columns: list[_Column], dataset: Mapping[str, Any]
) -> list[list[Any]]:
    where = Condition(scope.where, scope.values) & condition(dataset.get("filter"))
    where &= Condition("day BETWEEN ? AND ?", [period.first, period.last])
    selected = ", ".join(f"{one.sql} AS c{number}" for number, one in enumerate(columns))
    plain = [f"c{number}" for number, one in enumerate(columns) if not one.sql.startswith("sum(")]
    order = [
        f"c{next(n for n, c in enumerate(columns) if c.name.lower() == said['name'].lower())} {said.get('direction', 'ascending')[:4].rstrip('e')}"
        for said in dataset.get("sorting") or []
        if any(c.name.lower() == said["name"].lower() for c in columns)
    ]
    values = [value for one in columns for value in one.values]
    found = call.ledger.rows(
        f"SELECT {selected} FROM line WHERE {where.sql} GROUP BY {', '.join(plain)} ORDER BY {', '.join([*order, *plain])}",
        [*values, *where.values],
    )
    return [[_said(value) for value in row.values()] for row in found]


def _said(value: object) -> Any:
    return float(value) if isinstance(value, Decimal) else value


OPERATIONS: Final = (
    Operation(
        "costmanagement:Query", "POST", "/{scope}/providers/Microsoft.CostManagement/query", usage,
        models.QueryDefinition, models.QueryResult, frozenset({"$top"}),
    ),
)  # fmt: skip
