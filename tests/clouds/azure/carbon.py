"""Carbon emissions of subscriptions: derived from the ledger, for the sample has none of its own.

A month's kilograms are its effective cost in dollars times the weight of its region; Scope 2 is a quarter of them, Scope 3
the rest, Scope 1 nothing. Figures exist for whole months that ended nineteen days ago, as the service publishes them.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from azure.mgmt.carbonoptimization import models

from tests.clouds.azure.call import Call, Operation
from tests.clouds.azure.errors import bad_request, not_implemented
from tests.clouds.azure.scope import scope_of

_WEIGHT: Final = "CASE region_id WHEN 'francecentral' THEN 0.01 WHEN 'eastus' THEN 0.06 ELSE 0.04 END"
_SHARES: Final = {"scope1": Decimal(0), "scope2": Decimal("0.25"), "scope3": Decimal("0.75")}
_PUBLISHED: Final = timedelta(days=19)


def _newest(call: Call) -> date:
    return ((call.now.date() - _PUBLISHED).replace(day=1) - timedelta(days=1)).replace(day=1)


def available(call: Call) -> dict[str, Any]:
    """POST queryCarbonEmissionDataAvailableDateRange: from the ledger's first month to the newest published one."""
    [row] = call.ledger.rows("SELECT min(date_trunc('month', day)) AS first FROM line")
    return {"startDate": f"{row['first']:%Y-%m-%d}", "endDate": f"{_newest(call)}"}


def reports(call: Call) -> dict[str, Any]:
    """POST carbonEmissionReports: the overall and the monthly summary."""
    body = call.body
    if body["reportType"] not in {"OverallSummaryReport", "MonthlySummaryReport"}:
        raise not_implemented(f"carbon report {body['reportType']}")
    if unheard := {"resourceGroupUrlList", "resourceTypeList", "locationList"} & body.keys():
        raise not_implemented(f"carbon report with {', '.join(sorted(unheard))}")
    first, last = (date.fromisoformat(body["dateRange"][name]) for name in ("start", "end"))
    if last > _newest(call) or first > last:
        raise bad_request("The date range is not available.")
    for number in body["subscriptionList"]:
        scope_of(call, f"subscriptions/{number}")
    months = _months(call, body)
    if body["reportType"] == "OverallSummaryReport":
        return {"value": [_summary(months, last, "OverallSummaryData")]}
    found = [_summary(months, month, "MonthlySummaryData") for month in sorted(months) if first <= month <= last]
    return {"value": found}


def _months(call: Call, body: dict[str, Any]) -> dict[date, Decimal]:
    share = sum(_SHARES[one.lower()] for one in {*body["carbonScopeList"]})
    rows = call.ledger.rows(
        f"SELECT CAST(date_trunc('month', day) AS DATE) AS month, sum(effective_usd * {_WEIGHT}) AS kilograms FROM line"
        " WHERE subscription IN (SELECT unnest(?)) GROUP BY 1",
        [[one.lower() for one in body["subscriptionList"]]],
    )
    return {row["month"]: Decimal(str(row["kilograms"])) * share for row in rows}


def _summary(months: dict[date, Decimal], month: date, kind: str) -> dict[str, Any]:
    before = (month - timedelta(days=1)).replace(day=1)
    now, then = float(months.get(month, 0)), float(months.get(before, 0))
    said: dict[str, Any] = {
        "dataType": kind, "latestMonthEmissions": now, "previousMonthEmissions": then, "monthlyEmissionsChangeValue": now - then,
        "monthOverMonthEmissionsChangeRatio": (now - then) / then if then else 0.0,
    }  # fmt: skip
    return said | ({"date": f"{month}", "carbonIntensity": 0.0} if kind == "MonthlySummaryData" else {})


_BASE: Final = "/providers/Microsoft.Carbon/"
OPERATIONS: Final = (
    Operation(
        "carbon:Available", "POST", _BASE + "queryCarbonEmissionDataAvailableDateRange", available,
        reply=models.CarbonEmissionDataAvailableDateRange,
    ),
    Operation(
        "carbon:Reports", "POST", _BASE + "carbonEmissionReports", reports, models.QueryFilter, models.CarbonEmissionDataListResult
    ),
)  # fmt: skip
