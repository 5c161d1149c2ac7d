"""Budgets: one a division of the payer, of the open month, with what its accounts have spent and will."""

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from tests.clouds.aws.call import Call
from tests.clouds.aws.errors import AwsError
from tests.clouds.aws.ledger import amount


def _budgets(call: Call) -> list[dict[str, Any]]:
    account, currency = call.params["AccountId"], call.ledger.currency_of(call.payer)
    if account != call.principal.account:
        raise AwsError("AccessDeniedException", f"Account {account} is not yours.")
    month = call.now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = call.ledger.rows(
        "SELECT b.division, b.amount, (SELECT COALESCE(sum(l.effective), 0) FROM line l JOIN organisation o"
        " ON o.sub_account_id = l.account AND o.valid_to IS NULL WHERE o.path[2] = b.division AND l.payer = ?"
        " AND l.start_at >= ?) AS actual FROM budget b WHERE b.currency = ? AND b.month = ? ORDER BY b.division",
        [call.payer, month.replace(tzinfo=None), currency, month.date()],
    )
    return [_budget(call, row, month, currency) for row in rows]


def _budget(call: Call, row: Mapping[str, Any], month: datetime, currency: str) -> dict[str, Any]:
    passed = max(1, call.now.day - 1)
    days = monthrange(month.year, month.month)[1]
    return {
        "BudgetName": str(row["division"]),
        "BudgetLimit": {"Amount": amount(row["amount"]), "Unit": currency},
        "CostFilters": {},
        "CostTypes": {"IncludeTax": True, "IncludeCredit": True, "UseAmortized": True, "UseBlended": False},
        "TimeUnit": "MONTHLY",
        "TimePeriod": {"Start": datetime(2025, 1, 1, tzinfo=UTC), "End": datetime(2087, 6, 15, tzinfo=UTC)},
        "CalculatedSpend": {
            "ActualSpend": {"Amount": amount(row["actual"]), "Unit": currency},
            "ForecastedSpend": {"Amount": amount(row["actual"] / passed * Decimal(days)), "Unit": currency},
        },
        "BudgetType": "COST",
        "LastUpdatedTime": call.now,
    }


def _describe_all(call: Call) -> dict[str, Any]:
    page, more = call.page(_budgets(call))
    return {"Budgets": page, **more}


def _describe(call: Call) -> dict[str, Any]:
    found = next((b for b in _budgets(call) if b["BudgetName"] == call.params["BudgetName"]), None)
    if found is None:
        raise AwsError("NotFoundException", "Unable to get budget: the budget doesn't exist.")
    return {"Budget": found}


def _notifications(call: Call) -> dict[str, Any]:
    """Every budget alerts at 80 % of what was spent, and at what is forecast beyond the limit."""
    found = [
        {
            "BudgetName": budget["BudgetName"],
            "Notifications": [
                _alert(budget, "ActualSpend", "ACTUAL", Decimal(80)),
                _alert(budget, "ForecastedSpend", "FORECASTED", Decimal(100)),
            ],
        }
        for budget in _budgets(call)
    ]
    page, more = call.page(found)
    return {"BudgetNotificationsForAccount": page, **more}


def _alert(budget: Mapping[str, Any], spend: str, kind: str, percent: Decimal) -> dict[str, Any]:
    compared = Decimal(budget["CalculatedSpend"][spend]["Amount"])
    over = compared > Decimal(budget["BudgetLimit"]["Amount"]) * percent / 100
    return {
        "NotificationType": kind,
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": float(percent),
        "ThresholdType": "PERCENTAGE",
        "NotificationState": "ALARM" if over else "OK",
    }


OPERATIONS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {
    "DescribeBudget": _describe,
    "DescribeBudgetNotificationsForAccount": _notifications,
    "DescribeBudgets": _describe_all,
}
