"""Advisor: the sample's recommendations, with the extended properties from which savings are read."""

from collections.abc import Mapping
from typing import Any, Final

from azure.mgmt.advisor import models

from tests.clouds.azure.call import Call, Operation
from tests.clouds.azure.contract import Page
from tests.clouds.azure.errors import not_implemented
from tests.clouds.azure.inventory import spelled
from tests.clouds.azure.ledger import identifier
from tests.clouds.azure.scope import scope_of

_MACHINE: Final = "e10b1381-5f0a-47ff-8c7b-37bd13d7c974"
_SENTENCES: Final[Mapping[str, str]] = {
    "Stop": "Right-size or shutdown underutilized virtual machines", "Rightsize": "Right-size underutilized resources",
    "Delete": "Delete unattached resources", "PurchaseCommitment": "Consider a savings plan to save over your on-demand costs",
}  # fmt: skip
_COST: Final = "category eq 'cost'"


def recommendations(call: Call) -> dict[str, Any]:
    """GET recommendations of one subscription; those that are for nobody's resources are the first subscription's."""
    scope = scope_of(call, f"subscriptions/{call.names['subscriptionId']}")
    wanted = call.query.get("$filter", "").lower()
    if wanted not in {"", _COST}:
        raise not_implemented(f"advisor with $filter {wanted}")
    number = scope.id.rpartition("/")[2]
    first = call.ledger.subscriptions[0].id
    rows = call.ledger.rows(
        "SELECT * FROM advice WHERE COALESCE(sub_account_id, ?) = ? ORDER BY recommendation_id",
        [f"/subscriptions/{first}", f"/subscriptions/{number}"],
    )
    return call.listed([_recommendation(number, row) for row in rows], "list")


def _recommendation(subscription: str, row: Mapping[str, Any]) -> dict[str, Any]:
    number = identifier("advice", row["recommendation_id"])
    resource = spelled(str(row["resource_id"] or f"/subscriptions/{subscription}"))
    action = str(row["action"])
    monthly = row["estimated_monthly_savings"]
    kind = (
        resource.split("/providers/")[-1].rpartition("/")[0]
        if row["resource_id"]
        else "Microsoft.Subscriptions/subscriptions"
    )
    extended = {
        "savingsAmount": f"{monthly:.2f}", "annualSavingsAmount": f"{monthly * 12:.2f}", "savingsCurrency": str(row["currency"]),
        "currentSku": str(row["current"] or ""), "targetSku": str(row["recommended"] or ""), "regionId": str(row["region_id"] or ""),
        "recommendationType": {"Stop": "Shutdown", "Rightsize": "SkuChange"}.get(action, action),
    }  # fmt: skip
    machine = row["resource_type"] == "virtual_machine"
    return {
        "id": f"{resource}/providers/Microsoft.Advisor/recommendations/{number}", "name": number,
        "type": "Microsoft.Advisor/recommendations",
        "properties": {
            "category": "Cost", "impact": "High" if monthly >= 1000 else "Medium", "impactedField": kind,
            "impactedValue": resource.rpartition("/")[2], "lastUpdated": f"{row['last_refresh']:%Y-%m-%dT%H:%M:%SZ}",
            "recommendationTypeId": _MACHINE if machine else identifier("recommendation type", action, row["resource_type"]),
            "shortDescription": {"problem": _SENTENCES[action], "solution": _SENTENCES[action]},
            "extendedProperties": extended, "resourceMetadata": {"resourceId": resource},
        },
    }  # fmt: skip


OPERATIONS: Final = (
    Operation(
        "advisor:Recommendations", "GET", "/subscriptions/{subscriptionId}/providers/Microsoft.Advisor/recommendations",
        recommendations, reply=Page(models.ResourceRecommendationBase), query=frozenset({"$filter", "$top", "$skipToken"}),
    ),
)  # fmt: skip
