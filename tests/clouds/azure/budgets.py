"""Budgets of the company's divisions, each at its management group, and the alerts of those that are nearly spent."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from azure.mgmt.costmanagement import models

from tests.clouds.azure.call import Call, Operation
from tests.clouds.azure.contract import Page
from tests.clouds.azure.errors import not_found
from tests.clouds.azure.ledger import group_name, identifier
from tests.clouds.azure.scope import Scope, scope_of

_THRESHOLD: Final = 90
_CONTACT: Final = "finops@quillhaven.example"


def budgets(call: Call) -> dict[str, Any]:
    """GET budgets of a scope."""
    scope = scope_of(call, call.names["scope"])
    return call.listed([_budget(call, scope, row) for row in _rows(call, scope)], "list")


def budget(call: Call) -> dict[str, Any]:
    """GET one budget."""
    scope = scope_of(call, call.names["scope"])
    for row in _rows(call, scope):
        if _name(row).lower() == call.names["budgetName"].lower():
            return _budget(call, scope, row)
    raise not_found(f"Budget {call.names['budgetName']}")


def alerts(call: Call) -> dict[str, Any]:
    """GET alerts of a scope: one for each budget whose month is spent beyond the threshold."""
    scope = scope_of(call, call.names["scope"])
    found = [
        _alert(call, scope, row) for row in _rows(call, scope) if _spent(call, scope) * 100 > _amount(row) * _THRESHOLD
    ]
    return {"value": found}


def _rows(call: Call, scope: Scope) -> list[dict[str, object]]:
    """The newest month's amount of the division whose management group the scope is."""
    if scope.kind != "managementGroup":
        return []
    name = scope.id.rpartition("/")[2]
    rows = call.ledger.rows(
        "SELECT * FROM budget QUALIFY row_number() OVER (PARTITION BY division ORDER BY month DESC) = 1"
    )
    return [row for row in rows if group_name((str(row["division"]),)) == name]


def _name(row: Mapping[str, object]) -> str:
    return f"{group_name((str(row['division']),))}-monthly"


def _amount(row: Mapping[str, object]) -> Decimal:
    return Decimal(str(row["amount"]))


def _spent(call: Call, scope: Scope) -> Decimal:
    start = call.now.date().replace(day=1)
    [row] = call.ledger.rows(
        f"SELECT COALESCE(sum(billed), 0) AS cost FROM line WHERE {scope.where} AND day >= ?", [*scope.values, start]
    )
    return Decimal(str(row["cost"]))


def _budget(call: Call, scope: Scope, row: Mapping[str, object]) -> dict[str, Any]:
    currency = str(row["currency"])
    name = _name(row)
    return {
        "id": f"/{scope.id}/providers/Microsoft.CostManagement/budgets/{name}", "name": name,
        "type": "Microsoft.CostManagement/budgets", "eTag": f'"{identifier(name)[:15]}"',
        "properties": {
            "category": "Cost", "amount": float(_amount(row)), "timeGrain": "Monthly",
            "timePeriod": {"startDate": f"{date(2025, 1, 1)}T00:00:00Z", "endDate": f"{date(2030, 12, 31)}T00:00:00Z"},
            "currentSpend": {"amount": float(_spent(call, scope)), "unit": currency},
            "notifications": {
                f"Actual_GreaterThan_{_THRESHOLD}_Percent": {
                    "enabled": True, "operator": "GreaterThan", "threshold": float(_THRESHOLD), "contactEmails": [_CONTACT],
                    "thresholdType": "Actual", "locale": "en-us",
                }
            },
        },
    }  # fmt: skip


def _alert(call: Call, scope: Scope, row: Mapping[str, object]) -> dict[str, Any]:
    name = identifier("alert", _name(row))
    at = f"{call.now:%Y-%m-%dT%H:%M:%SZ}"
    return {
        "id": f"{scope.id}/providers/Microsoft.CostManagement/alerts/{name}", "name": name,
        "type": "Microsoft.CostManagement/alerts",
        "properties": {
            "definition": {"type": "Budget", "category": "Cost", "criteria": "CostThresholdExceeded"},
            "description": f"{_name(row)} is beyond {_THRESHOLD} percent", "source": "User", "status": "Active",
            "costEntityId": f"/{scope.id}/providers/Microsoft.CostManagement/budgets/{_name(row)}",
            "creationTime": at, "modificationTime": at, "closeTime": "0001-01-01T00:00:00",
            "details": {
                "timeGrainType": "Monthly", "periodStartDate": f"{call.now:%Y-%m}-01T00:00:00Z", "threshold": _THRESHOLD / 100,
                "operator": "GreaterThan", "amount": float(_amount(row)), "unit": str(row["currency"]),
                "currentSpend": float(_spent(call, scope)), "contactEmails": [_CONTACT], "contactGroups": [], "contactRoles": [],
                "overridingAlert": None, "resourceFilter": [], "resourceGroupFilter": [], "meterFilter": [],
            },
        },
    }  # fmt: skip


_BASE: Final = "/{scope}/providers/Microsoft.CostManagement/"
OPERATIONS: Final = (
    Operation("costmanagement:Budgets", "GET", _BASE + "budgets", budgets, reply=Page(models.Budget)),
    Operation("costmanagement:Budget", "GET", _BASE + "budgets/{budgetName}", budget, reply=models.Budget),
    Operation("costmanagement:Alerts", "GET", _BASE + "alerts", alerts, reply=models.AlertsResult),
)
