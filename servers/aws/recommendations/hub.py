"""Cost Optimization Hub: the organisation's proposals in one list, with savings after discounts where it is set so."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from servers.aws.bill_names import bill_id
from servers.aws.paging import pages
from servers.kit.live.values import instant
from shared_models.recommendation import Action, Effort, Recommendation

ORIGIN: Final = "AWS Cost Optimization Hub"
_ACTIONS: Final = {
    "Rightsize": Action.RIGHTSIZE,
    "ScaleIn": Action.RIGHTSIZE,
    "Stop": Action.STOP,
    "Delete": Action.DELETE,
    "Upgrade": Action.UPGRADE,
    "MigrateToGraviton": Action.MIGRATE,
    "PurchaseSavingsPlans": Action.PURCHASE_COMMITMENT,
    "PurchaseReservedInstances": Action.PURCHASE_COMMITMENT,
}
_SUMMARIES: Final = {
    Action.PURCHASE_COMMITMENT: "Buy {recommended}",
    Action.RIGHTSIZE: "Resize {current} to {recommended}",
    Action.UPGRADE: "Upgrade {current} to {recommended}",
    Action.MIGRATE: "Migrate {current} to {recommended}",
}


def proposals(client: Any) -> Iterator[Recommendation]:
    """Every proposal that the caller may see, all types; blocking.

    Raises:
        botocore.exceptions.ClientError: as the SDK says it.

    """
    for page in pages(client, "list_recommendations", {"includeAllRecommendations": True}):
        yield from (_proposal(item) for item in page["items"])


def _proposal(item: Mapping[str, Any]) -> Recommendation:
    action = _ACTIONS.get(item.get("actionType", ""), Action.OTHER)
    arn = item.get("resourceArn")
    effort = item.get("implementationEffort")
    current, recommended = item.get("currentResourceSummary"), item.get("recommendedResourceSummary")
    summary = _SUMMARIES.get(action, "{action} {current}")
    return Recommendation(
        recommendation_id=item["recommendationId"],
        provider="aws",
        origin=ORIGIN,
        action=action,
        resource_id=bill_id(arn) if arn else item.get("resourceId"),
        resource_type=item.get("currentResourceType") or item.get("recommendedResourceType"),
        sub_account_id=item.get("accountId"),
        region_id=item.get("region"),
        summary=summary.format(action=item.get("actionType"), current=current, recommended=recommended),
        current=current,
        recommended=recommended,
        estimated_monthly_savings=money(item.get("estimatedMonthlySavings")),
        currency=item.get("currencyCode") or "USD",
        effort=Effort(effort) if effort in set(Effort) else None,
        restart_needed=item.get("restartNeeded"),
        rollback_possible=item.get("rollbackPossible"),
        last_refresh=instant(item.get("lastRefreshTimestamp")),
        lookback_days=item.get("recommendationLookbackPeriodInDays"),
        evidence={
            name: str(item[key])
            for name, key in (
                ("source", "source"),
                ("native_action", "actionType"),
                ("monthly_cost", "estimatedMonthlyCost"),
                ("savings_percent", "estimatedSavingsPercentage"),
                ("arn", "resourceArn"),
            )
            if item.get(key) is not None
        },
    )


def money(value: Any) -> Decimal:
    """A number of an answer as the decimal that its shortest text says."""
    return Decimal(str(value or 0))
