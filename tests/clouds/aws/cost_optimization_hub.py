"""Cost Optimization Hub, in us-east-1 only: the organisation's recommendations in one list, in US dollars."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC
from typing import Any, Final

from tests.clouds.aws import advice
from tests.clouds.aws.call import Call
from tests.clouds.aws.errors import AwsError, validation

_TYPES: Final = {
    "virtual_machine": "Ec2Instance",
    "block_volume": "EbsVolume",
    "database": "RdsDbInstance",
    None: "ComputeSavingsPlans",
}
_SERVERLESS: Final = ":cluster:"
"""What the sample advises for Aurora's capacity units has no counterpart at AWS, so it is in no list of theirs."""
_GROUPS: Final = {
    "AccountId": "accountId",
    "Region": "region",
    "ActionType": "actionType",
    "ResourceType": "currentResourceType",
    "RestartNeeded": "restartNeeded",
    "RollbackPossible": "rollbackPossible",
    "ImplementationEffort": "implementationEffort",
}
_FILTERS: Final = {
    "accountIds": "accountId",
    "regions": "region",
    "resourceTypes": "currentResourceType",
    "actionTypes": "actionType",
    "implementationEfforts": "implementationEffort",
    "resourceArns": "resourceArn",
    "resourceIds": "resourceId",
    "recommendationIds": "recommendationId",
}


def _items(call: Call) -> list[dict[str, Any]]:
    call.refuse("metrics")
    if call.region != "us-east-1":
        raise AwsError("UnrecognizedClientException", f"cost-optimization-hub has no endpoint in {call.region}")
    accounts = advice.organisation(call) if call.is_management else [call.principal.account]
    rows = [
        row
        for row in advice.recommendations(call, accounts, list(_TYPES))
        if _SERVERLESS not in str(row["resource_id"])
    ]
    asked = call.params.get("filter") or {}
    items = [_item(call, row) for row in rows]
    return [item for item in items if _fits(item, asked)]


def _fits(item: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    lists = all(item.get(member) in asked[name] for name, member in _FILTERS.items() if asked.get(name))
    flags = all(item[name] == asked[name] for name in ("restartNeeded", "rollbackPossible") if name in asked)
    return lists and flags and all(tag in item.get("tags", []) for tag in asked.get("tags", []))


def _item(call: Call, row: Mapping[str, Any]) -> dict[str, Any]:
    saved, percent = advice.savings(call, row)
    cost = float((row["monthly_cost"] or 0) * call.ledger.to_dollars(call.payer))
    purchase = row["resource_id"] is None
    kind = _TYPES[row["resource_type"]]
    what = row["recommended"] or row["action"]
    return {
        "recommendationId": row["recommendation_id"],
        "accountId": row["account"],
        "currencyCode": "USD",
        "currentResourceType": kind,
        "recommendedResourceType": kind,
        "currentResourceSummary": row["current"],
        "recommendedResourceSummary": advice.half(row["current"]) if row["action"] == "Rightsize" else what,
        "estimatedMonthlySavings": saved,
        "estimatedSavingsPercentage": percent,
        "estimatedMonthlyCost": round(cost, 2),
        "implementationEffort": row["effort"],
        "restartNeeded": row["restart_needed"],
        "rollbackPossible": row["rollback_possible"],
        "actionType": "PurchaseSavingsPlans" if purchase else row["action"],
        "lastRefreshTimestamp": row["last_refresh"].replace(tzinfo=UTC),
        "recommendationLookbackPeriodInDays": 30 if purchase else 14,
        "source": "CostExplorer" if purchase else "ComputeOptimizer",
        **({"tags": tags} if (tags := advice.tags(row)) else {}),
        **({} if purchase else _resource(row)),
    }


def _resource(row: Mapping[str, Any]) -> dict[str, str]:
    arn = str(row["arn"])
    identifier = arn.rpartition(":")[2].rpartition("/")[2]
    return {"resourceArn": arn, "resourceId": identifier, "region": str(row["region_id"])}


def _list(call: Call) -> dict[str, Any]:
    items = _items(call) if call.params.get("includeAllRecommendations") else _best_of_each_resource(_items(call))
    order = call.params.get("orderBy") or {}
    dimension = order.get("dimension", "EstimatedMonthlySavings")
    name = dimension[:1].lower() + dimension[1:]
    if items and name not in items[0]:
        raise validation(f"orderBy dimension {dimension} is not valid")
    items.sort(key=lambda item: (item.get(name) or 0, item["recommendationId"]), reverse=order.get("order") != "Asc")
    page, more = _page(call, items)
    return {"items": page, **more}


def _best_of_each_resource(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the hub lists where not all are asked for: of several proposals for one resource the one that saves most."""
    best: dict[str, dict[str, Any]] = {}
    for item in items:
        resource = item.get("resourceId", item["recommendationId"])
        if resource not in best or item["estimatedMonthlySavings"] > best[resource]["estimatedMonthlySavings"]:
            best[resource] = item
    return list(best.values())


def _get(call: Call) -> dict[str, Any]:
    found = next((i for i in _items(call) if i["recommendationId"] == call.params["recommendationId"]), None)
    if found is None:
        raise AwsError("ResourceNotFoundException", "The recommendation does not exist.", 404)
    summaries = {"currentResourceSummary", "recommendedResourceSummary"}
    details = {
        "currentResourceDetails": _details(found, found["currentResourceSummary"]),
        "recommendedResourceDetails": _details(found, found["recommendedResourceSummary"]),
    }
    return {
        **{name: value for name, value in found.items() if name not in summaries},
        **{name: value for name, value in details.items() if value},
        "costCalculationLookbackPeriodInDays": 14,
    }


def _details(item: Mapping[str, Any], what: str) -> dict[str, Any] | None:
    pricing = {"pricing": {"estimatedCostAfterDiscounts": item["estimatedMonthlyCost"]}}
    kind = item["currentResourceType"]
    if kind == "Ec2Instance":
        return {"ec2Instance": {"configuration": {"instance": {"type": what}}, "costCalculation": pricing}}
    if kind == "RdsDbInstance":
        return {"rdsDbInstance": {"configuration": {"instance": {"dbInstanceClass": what}}, "costCalculation": pricing}}
    if kind == "EbsVolume":
        return {"ebsVolume": {"configuration": {"storage": {"type": what}}, "costCalculation": pricing}}
    return {"computeSavingsPlans": {"configuration": {"term": "OneYear", "paymentOption": "NoUpfront"}}}


def _summaries(call: Call) -> dict[str, Any]:
    asked = call.params["groupBy"]
    if asked not in _GROUPS:
        raise validation(f"groupBy {asked} is not valid")
    groups: dict[str, list[float]] = defaultdict(list)
    for item in _items(call):
        groups[str(item.get(_GROUPS[asked], "global"))].append(item["estimatedMonthlySavings"])
    listed = [
        {"group": group, "estimatedMonthlySavings": round(sum(saved), 2), "recommendationCount": len(saved)}
        for group, saved in sorted(groups.items())
    ]
    page, more = _page(call, listed)
    total = sum(sum(saved) for saved in groups.values())
    return {
        "items": page,
        "estimatedTotalDedupedSavings": round(total, 2),
        "groupBy": asked,
        "currencyCode": "USD",
        **more,
    }


def _enrolment(call: Call) -> dict[str, Any]:
    return {"items": [{"accountId": call.principal.account, "status": "Active", "lastUpdatedTimestamp": call.now}]}


def _page(call: Call, items: list[Any]) -> tuple[list[Any], dict[str, str]]:
    return call.page(items, asked="maxResults", token="nextToken", invalid="ValidationException")  # noqa: S106


OPERATIONS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {
    "GetRecommendation": _get,
    "ListEnrollmentStatuses": _enrolment,
    "ListRecommendationSummaries": _summaries,
    "ListRecommendations": _list,
}
