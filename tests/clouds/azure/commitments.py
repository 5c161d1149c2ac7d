"""Reservations and savings plans: what is owned, how far it is used, and what to buy."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from azure.mgmt.billing import models as billing
from azure.mgmt.consumption import models as consumption
from azure.mgmt.costmanagement import models
from azure.mgmt.reservations import models as capacity

from tests.clouds.azure.call import Call, Operation
from tests.clouds.azure.contract import Page
from tests.clouds.azure.errors import bad_request, not_implemented, refusal
from tests.clouds.azure.ledger import identifier
from tests.clouds.azure.scope import scope_of

_USED: Final = "sum(effective) FILTER (benefit_status = 'Used')"
_ALL: Final = "sum(effective) FILTER (benefit_status <> '')"
_LOOK_BACK: Final = 30


def _time(value: Any) -> str:
    return f"{value:%Y-%m-%dT%H:%M:%SZ}"


def _owned(call: Call, kind: str) -> list[dict[str, Any]]:
    if call.tenant != call.ledger.home:
        return []
    return call.ledger.rows("SELECT * FROM commitment WHERE commitment_discount_type = ? ORDER BY 1", [kind])


def _parts(row: Mapping[str, Any]) -> tuple[str, str]:
    """The order and the number of a commitment."""
    parts = str(row["commitment_discount_id"]).split("/")
    return parts[4], parts[6]


def _term(row: Mapping[str, Any]) -> str:
    return "P3Y" if (row["end"] - row["start"]).days > 700 else "P1Y"


def _applied(row: Mapping[str, Any]) -> dict[str, Any]:
    subscription = str(row["sub_account_id"])
    single = row["scope"] != "shared"
    said = {
        "appliedScopeType": "Single" if single else "Shared",
        "userFriendlyAppliedScopeType": "Single" if single else "Shared",
    }
    return said | ({"appliedScopeProperties": {"subscriptionId": subscription}} if single else {})


def _utilization(row: Mapping[str, Any]) -> dict[str, Any]:
    value = round(float(row["utilization"] or 0) * 100, 2)
    grains = [
        {"grain": float(days), "grainUnit": "days", "value": value, "valueUnit": "percentage"} for days in (1, 7, 30)
    ]
    return {"trend": "SAME", "aggregates": grains}


def reservations(call: Call) -> dict[str, Any]:
    """GET reservations of the tenant."""
    return call.listed([_reservation(call, row) for row in _owned(call, "Reservation")], "list")


def _reservation(call: Call, row: Mapping[str, Any]) -> dict[str, Any]:
    order, number = _parts(row)
    machines = "VM" in str(row["commitment_discount_name"])
    return {
        "id": f"/providers/microsoft.capacity/reservationOrders/{order}/reservations/{number}", "name": f"{order}/{number}",
        "type": "microsoft.capacity/reservationOrders/reservations", "location": row["region_id"] or "westeurope",
        "sku": {"name": "Standard_D8s_v5" if machines else "SQLDB_GP_Compute_Gen5"},
        "properties": {
            "displayName": row["commitment_discount_name"], "quantity": 1, "provisioningState": _state(row), "term": _term(row),
            "reservedResourceType": "VirtualMachines" if machines else "SqlDatabases", "instanceFlexibility": "On",
            "billingPlan": "Monthly" if row["payment_model"] == "No Upfront" else "Upfront", "renew": False,
            "effectiveDateTime": _time(row["start"]), "purchaseDate": f"{row['start']:%Y-%m-%d}",
            "expiryDate": f"{row['end']:%Y-%m-%d}", "expiryDateTime": _time(row["end"]), "purchaseDateTime": _time(row["start"]),
            "billingScopeId": f"/subscriptions/{call.ledger.subscriptions[0].id}", "utilization": _utilization(row), **_applied(row),
        },
    }  # fmt: skip


def _state(row: Mapping[str, Any]) -> str:
    return "Expired" if row["status"] == "expired" else "Succeeded"


def reservation_orders(call: Call) -> dict[str, Any]:
    """GET reservationOrders of the tenant."""
    found = []
    for row in _owned(call, "Reservation"):
        order, number = _parts(row)
        base = f"/providers/microsoft.capacity/reservationOrders/{order}"
        found.append(
            {
                "id": base, "name": order, "type": "microsoft.capacity/reservationOrders",
                "properties": {
                    "displayName": row["commitment_discount_name"], "originalQuantity": 1, "term": _term(row),
                    "provisioningState": _state(row), "requestDateTime": _time(row["start"]), "createdDateTime": _time(row["start"]),
                    "expiryDate": f"{row['end']:%Y-%m-%d}", "reservations": [{"id": f"{base}/reservations/{number}"}],
                    "billingPlan": "Monthly" if row["payment_model"] == "No Upfront" else "Upfront",
                },
            }
        )  # fmt: skip
    return call.listed(found, "list")


def savings_plans(call: Call) -> dict[str, Any]:
    """GET savingsPlans of the billing account."""
    scope_of(call, f"providers/Microsoft.Billing/billingAccounts/{call.names['billingAccountName']}")
    return call.listed([_plan(call, row) for row in _owned(call, "Savings Plan")], "list")


def _plan(call: Call, row: Mapping[str, Any]) -> dict[str, Any]:
    order, number = _parts(row)
    ledger = call.ledger
    return {
        "id": str(row["commitment_discount_id"]), "name": f"{order}/{number}", "sku": {"name": "Compute_Savings_Plan"},
        "type": "Microsoft.BillingBenefits/savingsPlanOrders/savingsPlans",
        "properties": {
            "displayName": row["commitment_discount_name"], "provisioningState": _state(row), "term": _term(row), "renew": False,
            "billingPlan": "P1M", "billingProfileId": ledger.payers[0], "benefitStartTime": _time(row["start"]),
            "billingAccountId": ledger.payers[0].partition("/billingProfiles")[0], "effectiveDateTime": _time(row["start"]),
            "expiryDateTime": _time(row["end"]), "purchaseDateTime": _time(row["start"]), "utilization": _utilization(row),
            "commitment": {"currencyCode": row["currency"], "amount": float(row["hourly_commitment"] or 0), "grain": "Hourly"},
            **_applied(row),
        },
    }  # fmt: skip


def utilization(call: Call) -> dict[str, Any]:
    """GET benefitUtilizationSummaries of a billing scope: each savings plan by day or month, by its effective cost."""
    scope = scope_of(call, call.names["scope"])
    if not scope.kind.startswith("billing"):
        raise not_implemented(f"benefit utilization of {scope.id}")
    monthly = call.query.get("grainParameter", "Daily").lower() == "monthly"
    first, last = _span(call)
    day = "date_trunc('month', day)" if monthly else "day"
    rows = call.ledger.rows(
        f"SELECT benefit_id, {day} AS at, {_USED} AS used, {_ALL} AS paid FROM line WHERE benefit_type = 'Savings Plan'"
        f" AND day BETWEEN ? AND ? GROUP BY ALL HAVING paid > 0 ORDER BY ALL",
        [first, last],
    )
    return call.listed([_summary(row) for row in rows], "list")


def _summary(row: Mapping[str, Any]) -> dict[str, Any]:
    number = str(row["benefit_id"])
    percent = float(round(Decimal(str(row["used"] or 0)) * 100 / Decimal(str(row["paid"])), 4))
    order, plan = number.split("/")[4], number.split("/")[6]
    name = f"{order}_{plan}_{row['at']:%Y%m%d}"
    return {
        "id": f"{number}/providers/Microsoft.CostManagement/benefitUtilizationSummaries/{name}", "name": name, "kind": "SavingsPlan",
        "type": "Microsoft.CostManagement/benefitUtilizationSummaries",
        "properties": {
            "armSkuName": "Compute_Savings_Plan", "benefitId": number, "benefitOrderId": number.partition("/savingsPlans")[0],
            "benefitType": "SavingsPlan", "usageDate": f"{row['at']:%Y-%m-%d}T00:00:00Z", "avgUtilizationPercentage": percent,
            "minUtilizationPercentage": percent, "maxUtilizationPercentage": percent,
        },
    }  # fmt: skip


_DAYS: Final = re.compile(
    r"properties/usageDate ge '?([\d-]{10})\S* and properties/usageDate le '?([\d-]{10})\S*", re.IGNORECASE
)


def _span(call: Call) -> tuple[date, date]:
    filtered = call.query.get("filter") or call.query.get("$filter")
    if filtered:
        said = _DAYS.fullmatch(filtered)
        if said is None:
            raise not_implemented(f"{call.operation.name} with filter {filtered}")
        return date.fromisoformat(said[1]), date.fromisoformat(said[2])
    try:
        return date.fromisoformat(call.query["startDate"][:10]), date.fromisoformat(call.query["endDate"][:10])
    except KeyError as error:
        raise bad_request(f"{error} is required for this scope.") from error


def reservation_summaries(call: Call) -> dict[str, Any]:
    """GET reservationSummaries of a billing profile, daily or monthly: a reserved hour is an hour of the day."""
    scope = scope_of(call, call.names["resourceScope"])
    if not scope.kind.startswith("billing"):
        raise not_implemented(f"reservation summaries of {scope.id}")
    monthly = call.query.get("grain", "").lower() == "monthly"
    first, last = _span(call)
    day = "date_trunc('month', day)" if monthly else "day"
    rows = call.ledger.rows(
        f"SELECT benefit_id, {day} AS at, {_USED} AS used, {_ALL} AS paid, count(DISTINCT day) AS days FROM line"
        f" WHERE benefit_type = 'Reservation' AND day BETWEEN ? AND ? GROUP BY ALL HAVING paid > 0 ORDER BY ALL",
        [first, last],
    )
    return call.listed([_reserved(row) for row in rows], "list")


def _reserved(row: Mapping[str, Any]) -> dict[str, Any]:
    number = str(row["benefit_id"])
    share = Decimal(str(row["used"] or 0)) / Decimal(str(row["paid"]))
    hours, percent = Decimal(24 * int(row["days"])), float(round(share * 100, 4))
    name = identifier(number, row["at"])
    return {
        "id": f"{number}/providers/Microsoft.Consumption/reservationSummaries/{name}", "name": name,
        "type": "Microsoft.Consumption/reservationSummaries",
        "properties": {
            "reservationOrderId": number.split("/")[4], "reservationId": number.split("/")[6], "skuName": "",
            "usageDate": f"{row['at']:%Y-%m-%d}T00:00:00Z", "reservedHours": float(hours), "usedHours": float(round(hours * share, 4)),
            "avgUtilizationPercentage": percent, "minUtilizationPercentage": percent, "maxUtilizationPercentage": percent,
            "utilizedPercentage": percent, "purchasedQuantity": 1, "totalReservedQuantity": 1, "remainingQuantity": 0,
            "usedQuantity": float(round(share, 4)), "kind": "Reservation",
        },
    }  # fmt: skip


def recommendations(call: Call) -> dict[str, Any]:
    """GET benefitRecommendations of a billing scope: what the sample's own advice says to commit to."""
    scope = scope_of(call, call.names["billingScope"])
    if not scope.kind.startswith("billing"):
        raise refusal("access_denied", call.operation.name)
    [cost] = call.ledger.rows(
        "SELECT COALESCE(sum(billed), 0) AS cost, min(day) AS first, max(day) AS last FROM line WHERE pricing_model = 'OnDemand'"
        " AND family = 'Compute' AND category = 'Usage' AND day >= ?",
        [call.now.date() - timedelta(days=_LOOK_BACK)],
    )
    rows = call.ledger.rows("SELECT * FROM advice WHERE action = 'PurchaseCommitment' ORDER BY recommendation_id")
    found = []
    for row in rows:
        before, saved = Decimal(str(cost["cost"])), Decimal(str(row["estimated_monthly_savings"]))
        name = identifier("benefit", row["recommendation_id"])
        found.append(
            {
                "id": f"/{scope.id}/providers/Microsoft.CostManagement/benefitRecommendations/{name}", "name": name,
                "type": "Microsoft.CostManagement/benefitRecommendations", "kind": "SavingsPlan",
                "properties": {
                    "scope": "Shared", "lookBackPeriod": "Last30Days", "term": "P1Y", "armSkuName": "Compute_Savings_Plan",
                    "currencyCode": row["currency"], "commitmentGranularity": "Hourly", "totalHours": 24 * _LOOK_BACK,
                    "firstConsumptionDate": f"{cost['first']}T00:00:00Z", "lastConsumptionDate": f"{cost['last']}T00:00:00Z",
                    "costWithoutBenefit": float(before),
                    "recommendationDetails": {
                        "savingsAmount": float(saved), "totalCost": float(before - saved),
                        "savingsPercentage": float(round(saved * 100 / before, 4)) if before else 0.0,
                    },
                },
            }
        )  # fmt: skip
    return call.listed(found, "list")


_BILLING: Final = "/providers/Microsoft.Billing/billingAccounts/{billingAccountName}"
OPERATIONS: Final = (
    Operation("capacity:Reservations", "GET", "/providers/Microsoft.Capacity/reservations", reservations, reply=Page(capacity.ReservationResponse)),
    Operation("capacity:ReservationOrders", "GET", "/providers/Microsoft.Capacity/reservationOrders", reservation_orders, reply=Page(capacity.ReservationOrderResponse)),
    Operation("billing:SavingsPlans", "GET", _BILLING + "/savingsPlans", savings_plans, reply=Page(billing.SavingsPlanModel)),
    Operation(
        "costmanagement:BenefitUtilization", "GET", "/{scope}/providers/Microsoft.CostManagement/benefitUtilizationSummaries",
        utilization, reply=Page(models.BenefitUtilizationSummary), query=frozenset({"grainParameter", "filter"}),
    ),
    Operation(
        "consumption:ReservationSummaries", "GET", "/{resourceScope}/providers/Microsoft.Consumption/reservationSummaries",
        reservation_summaries, reply=Page(consumption.ReservationSummary), query=frozenset({"grain", "startDate", "endDate", "$filter"}),
    ),
    Operation(
        "costmanagement:BenefitRecommendations", "GET", "/{billingScope}/providers/Microsoft.CostManagement/benefitRecommendations",
        recommendations, reply=Page(models.BenefitRecommendationModel),
    ),
)  # fmt: skip
