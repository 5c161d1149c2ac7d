"""The budgets port: what AWS Budgets keeps for each payer, with its alerts; asking is free."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from servers.aws.inventory.fields import instant
from servers.aws.inventory.walk import Clients
from servers.aws.live import Live
from servers.aws.outlook.payers import of_payers
from servers.aws.paging import pages
from servers.kit.live.kept_items import Found, KeptItems
from servers.kit.live.threads import off_loop
from shared_models.budget import Budget, BudgetThreshold, ThresholdOn
from shared_models.money import plain
from shared_models.untrusted import safe_text

PERMISSION: Final = "budgets:ViewBudget"
"""What every reading of budgets needs."""
FRESH_FOR: Final = timedelta(hours=6)
_HUNDRED: Final = Decimal(100)
_MONEY_BUDGETS: Final = frozenset({"COST"})
"""The other types count use or shares of commitments, which are no amounts of money."""


def budgets(live: Live, clients: Clients) -> KeptItems[Budget]:
    """The port; a payer that refuses is a gap."""

    async def read(_asked: Mapping[str, object]) -> Found[Budget]:
        async def ask(payer: str) -> list[Budget]:
            return await off_loop(_of, live, clients, payer)

        told, gaps, _ = await of_payers(live, "budgets", ask)
        found = (one for each in told for one in each)
        return Found(tuple(sorted(found, key=lambda one: one.budget_id)), gaps)

    return KeptItems(Budget, read, live.folder / "live" / "budgets", live.clock, fresh_for=FRESH_FOR)


def _of(live: Live, clients: Clients, payer: str) -> list[Budget]:
    """One payer's budgets of money; blocking."""
    caller = live.sessions.caller()
    try:
        client = clients("budgets", caller.home, None if payer == caller.account else payer)
        alerts = _alerts(client, payer)
        said = [
            one for page in pages(client, "describe_budgets", {"AccountId": payer}) for one in page.get("Budgets", ())
        ]
    except Exception as error:
        raise live.told(error, PERMISSION, payer) from error
    live.refused.pop((PERMISSION, payer), None)
    return [
        _budget(one, payer, alerts.get(one["BudgetName"], ())) for one in said if one["BudgetType"] in _MONEY_BUDGETS
    ]


def _alerts(client: Any, payer: str) -> dict[str, list[Mapping[str, Any]]]:
    """The notifications of every budget by its name."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for page in pages(client, "describe_budget_notifications_for_account", {"AccountId": payer}):
        for said in page.get("BudgetNotificationsForAccount", ()):
            found.setdefault(said["BudgetName"], []).extend(said.get("Notifications", ()))
    return found


def _budget(said: Mapping[str, Any], payer: str, alerts: Any) -> Budget:
    limit = _limit(said)
    spent: Mapping[str, Any] = said.get("CalculatedSpend") or {}
    actual, forecast = _amount(spent.get("ActualSpend")), _amount(spent.get("ForecastedSpend"))
    figure: Mapping[str, Any] = limit or spent.get("ActualSpend") or {}
    most = _amount(limit)
    return Budget(
        budget_id=f"{payer}/{said['BudgetName']}",
        budget_name=safe_text(said["BudgetName"]),
        provider="aws",
        billing_account_id=payer,
        scope=safe_text(_scope(said)),
        metric=_metric(said),
        period=str(said["TimeUnit"]).capitalize(),
        limit=most,
        actual=actual,
        forecast=forecast,
        currency=figure.get("Unit", "USD"),
        exceeded=None if most is None or actual is None else actual > most,
        thresholds=tuple(
            threshold for alert in alerts if (threshold := _threshold(alert, most, actual, forecast)) is not None
        ),
        **_period(said),
    )


def _limit(said: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The fixed limit, or of planned ones the latest that has begun."""
    if said.get("BudgetLimit"):
        return said["BudgetLimit"]
    planned: Mapping[str, Any] = said.get("PlannedBudgetLimits") or {}
    updated = instant(said.get("LastUpdatedTime"))
    begun = [int(start) for start in planned if updated is None or int(start) <= updated.timestamp()]
    return planned[str(max(begun))] if begun else None


def _period(said: Mapping[str, Any]) -> dict[str, datetime | None]:
    """The current period of a budget whose time unit is its own; AWS tells a recurring budget's whole life only."""
    if said["TimeUnit"] != "CUSTOM":
        return {}
    span: Mapping[str, Any] = said.get("TimePeriod") or {}
    return {"start": instant(span.get("Start")), "end": instant(span.get("End"))}


def _scope(said: Mapping[str, Any]) -> str:
    """The filters in words; none is everything that the payer is billed for."""
    filters: Mapping[str, Any] = said.get("CostFilters") or {}
    told = [f"{name} in {', '.join(values)}" for name, values in sorted(filters.items())]
    if expression := said.get("FilterExpression"):
        told.append(_words(expression))
    types: Mapping[str, Any] = said.get("CostTypes") or {}
    left_out = [name.removeprefix("Include") for name, value in sorted(types.items()) if _left_out(name, value=value)]
    return "; ".join([*told, *([f"without {', '.join(left_out)}"] if left_out else [])]) or "all costs"


def _left_out(name: str, *, value: bool) -> bool:
    return name.startswith("Include") and not value


def _words(expression: Mapping[str, Any]) -> str:
    """A filter expression of Billing and Cost Management, as text."""
    for joint in ("And", "Or"):
        if parts := expression.get(joint):
            return "(" + f" {joint.lower()} ".join(_words(part) for part in parts) + ")"
    if inner := expression.get("Not"):
        return f"not {_words(inner)}"
    told = [f"{kind} {said.get('Key', '')} in {', '.join(said.get('Values', ()))}" for kind, said in expression.items()]
    return " and ".join(told)


def _metric(said: Mapping[str, Any]) -> str | None:
    """What is counted, as AWS names its metrics."""
    if named := said.get("Metrics"):
        return ", ".join(named)
    types: Mapping[str, Any] = said.get("CostTypes") or {}
    if types.get("UseAmortized"):
        return "AmortizedCost"
    return "BlendedCost" if types.get("UseBlended") else "UnblendedCost" if types else None


def _threshold(
    alert: Mapping[str, Any], limit: Decimal | None, actual: Decimal | None, forecast: Decimal | None
) -> BudgetThreshold | None:
    """An alert as an amount; one for falling below, or of a share of nothing, is none."""
    value = Decimal(str(alert["Threshold"]))
    if alert.get("ThresholdType", "PERCENTAGE") == "PERCENTAGE":
        if limit is None:
            return None
        value = limit * value / _HUNDRED
    if alert["ComparisonOperator"] != "GREATER_THAN":
        return None
    on = ThresholdOn.FORECAST if alert["NotificationType"] == "FORECASTED" else ThresholdOn.ACTUAL
    compared = forecast if on is ThresholdOn.FORECAST else actual
    return BudgetThreshold(on=on, amount=Decimal(plain(value)), exceeded=None if compared is None else compared > value)


def _amount(said: Mapping[str, Any] | None) -> Decimal | None:
    return Decimal(said["Amount"]) if said else None
