"""Forecast and Dimensions of Cost Management."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from azure.mgmt.costmanagement import models

from tests.clouds.azure.call import Call, Operation
from tests.clouds.azure.contract import Page
from tests.clouds.azure.cost_query import period_of, result
from tests.clouds.azure.cost_values import DIMENSIONS, Condition, condition
from tests.clouds.azure.errors import AzureError, bad_request, not_implemented
from tests.clouds.azure.scope import Scope, scope_of

_HISTORY: Final = 28
"""Days of costs that a forecast needs; it says their mean for every day to come."""


def forecast(call: Call) -> dict[str, Any]:
    """POST forecast: a row a day or month; no rows where the history is too short, which is no error."""
    scope = scope_of(call, call.names["scope"])
    body = call.body
    dataset = body["dataset"]
    headers, allowed = call.endpoint.quotas.cost_query(call.tenant, 1, call.headers.get("clienttype"))
    call.reply_headers.update(headers)
    if not allowed:
        raise AzureError("429", "Too many requests. Please retry.", 429)
    names = [one["name"] for one in dataset["aggregation"].values()]
    if names not in (["Cost"], ["PreTaxCost"]):
        raise bad_request("Invalid query definition: a forecast aggregates Cost.")
    span = {**body, "timeframe": "Custom"}
    first, last = _span(call, span)
    where = Condition(scope.where, scope.values) & condition(dataset.get("filter"))
    amortized = body["type"].lower() == "amortizedcost"
    days = _days(call, where, "effective" if amortized else "billed")
    rows = _rows(call, (first, last), days, actual=bool(body.get("includeActualCost")))
    by_day = str(dataset.get("granularity") or "Daily").lower() == "daily"
    if not by_day:
        rows = _by_month(rows)
    columns = [
        {"name": names[0], "type": "Number"},
        {"name": "UsageDate" if by_day else "BillingMonth", "type": "Number" if by_day else "Datetime"},
        {"name": "CostStatus", "type": "String"},
        {"name": "Currency", "type": "String"},
    ]
    return result(call, scope, "Forecast", columns, rows, None)


def _span(call: Call, body: dict[str, Any]) -> tuple[date, date]:
    asked = body.get("timePeriod")
    if not asked:
        raise bad_request("Invalid query definition: a custom time frame needs its time period.")
    first, last = (date.fromisoformat(asked[name][:10]) for name in ("from", "to"))
    if last <= call.now.date():
        period_of(call, body)
        raise bad_request("Invalid query definition: a forecast must end in the future.")
    return first, last


def _days(call: Call, where: Condition, column: str) -> dict[date, Decimal]:
    found = call.ledger.rows(
        f"SELECT day, sum({column}) AS cost FROM line WHERE {where.sql} GROUP BY day", where.values
    )
    return {row["day"]: row["cost"] for row in found}


def _rows(call: Call, span: tuple[date, date], days: dict[date, Decimal], *, actual: bool) -> list[list[Any]]:
    today = call.now.date()
    history = [today - timedelta(days=back) for back in range(1, _HISTORY + 1)]
    if not days or min(days) > history[-1]:
        return []
    mean = sum((days.get(day, Decimal(0)) for day in history), Decimal(0)) / _HISTORY
    rows: list[list[Any]] = []
    for step in range((span[1] - span[0]).days + 1):
        day = span[0] + timedelta(days=step)
        number = int(f"{day:%Y%m%d}")
        if day >= today:
            rows.append([float(mean), number, "Forecast", call.ledger.currency])
        elif actual and day in days:
            rows.append([float(days[day]), number, "Actual", call.ledger.currency])
    return rows


def _by_month(rows: list[list[Any]]) -> list[list[Any]]:
    found: dict[tuple[str, str, str], float] = {}
    for cost, number, status, currency in rows:
        key = (f"{number // 10000}-{number // 100 % 100:02d}-01T00:00:00", status, currency)
        found[key] = found.get(key, 0.0) + cost
    return [[cost, *key] for key, cost in found.items()]


def dimensions(call: Call) -> dict[str, Any]:
    """GET dimensions: what can be grouped and filtered by; `$expand=properties/data` adds the month's values."""
    scope = scope_of(call, call.names["scope"])
    wanted = call.query.get("$filter", "")
    if wanted and not wanted.lower().startswith("properties/category eq "):
        raise not_implemented(f"dimensions with $filter {wanted}")
    category = wanted.partition(" eq ")[2].strip("'").lower()
    found = [
        _dimension(call, scope, name, *said) for name, said in DIMENSIONS.items() if category in {"", name.lower()}
    ]
    return {"value": found}


def _dimension(call: Call, scope: Scope, name: str, sql: str, title: str) -> dict[str, Any]:
    start, end = call.now.date().replace(day=1), call.now.date()
    most = int(call.query.get("$top", 1000))
    where = f"{scope.where} AND day BETWEEN ? AND ?"
    rows = call.ledger.rows(
        f"SELECT DISTINCT {sql} AS v FROM line WHERE {where} ORDER BY 1", [*scope.values, start, end]
    )
    values = [str(row["v"]) for row in rows]
    expand = call.query.get("$expand", "").lower() == "properties/data"
    number = f"dimensions_{name}_{start}_{end}_{most}"
    return {
        "id": f"{scope.id}/providers/Microsoft.CostManagement/dimensions/{number}", "name": number,
        "type": "Microsoft.CostManagement/dimensions",
        "properties": {
            "category": name, "description": title, "filterEnabled": True, "groupingEnabled": True, "total": len(values),
            "usageStart": f"{start}T00:00:00Z", "usageEnd": f"{end}T00:00:00Z", **({"data": values[:most]} if expand else {}),
        },
    }  # fmt: skip


_BASE: Final = "/{scope}/providers/Microsoft.CostManagement/"
OPERATIONS: Final = (
    Operation("costmanagement:Forecast", "POST", _BASE + "forecast", forecast, models.ForecastDefinition, models.ForecastResult),
    Operation(
        "costmanagement:Dimensions", "GET", _BASE + "dimensions", dimensions, reply=Page(models.Dimension),
        query=frozenset({"$expand", "$top", "$filter"}),
    ),
)  # fmt: skip
