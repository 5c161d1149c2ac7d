"""Cost Explorer's advice to buy savings plans and reservations; every page is a request that costs money."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from servers.kit.live.values import instant
from shared_models.recommendation import Action, Effort, Recommendation

ORIGIN: Final = "AWS Cost Explorer"
Ask = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""(operation, arguments) -> one paid answer; the caller's purse counts it, and may refuse."""
PLANS: Final = {
    "COMPUTE_SP": "ComputeSavingsPlans",
    "EC2_INSTANCE_SP": "Ec2InstanceSavingsPlans",
    "SAGEMAKER_SP": "SageMakerSavingsPlans",
}
RESERVABLE: Final = {
    "Amazon Elastic Compute Cloud - Compute": ("Ec2ReservedInstances", "EC2InstanceDetails", "InstanceType"),
    "Amazon Relational Database Service": ("RdsReservedInstances", "RDSInstanceDetails", "InstanceType"),
    "Amazon ElastiCache": ("ElastiCacheReservedInstances", "ElastiCacheInstanceDetails", "NodeType"),
    "Amazon Redshift": ("RedshiftReservedInstances", "RedshiftInstanceDetails", "NodeType"),
    "Amazon OpenSearch Service": ("OpenSearchReservedInstances", "ESInstanceDetails", "InstanceSize"),
}
_TERM: Final = {"TermInYears": "ONE_YEAR", "PaymentOption": "NO_UPFRONT", "LookbackPeriodInDays": "THIRTY_DAYS"}
_LOOKBACK: Final = 30


def plans(ask: Ask, kind: str) -> Iterator[Recommendation]:
    """Savings plans of one type worth buying for one year without upfront; blocking."""
    for page in _pages(ask, "get_savings_plans_purchase_recommendation", {"SavingsPlansType": kind, **_TERM}):
        advice = page.get("SavingsPlansPurchaseRecommendation", {})
        for item in advice.get("SavingsPlansPurchaseRecommendationDetails", []):
            hourly = Decimal(item["HourlyCommitmentToPurchase"])
            yield _proposal(
                item,
                page,
                identity=f"{PLANS[kind]}:{item.get('AccountId')}",
                kind=PLANS[kind],
                region=None,
                recommended=f"{hourly} {item['CurrencyCode']} an hour of {PLANS[kind]}, one year, no upfront",
            )


def reservations(ask: Ask, service: str) -> Iterator[Recommendation]:
    """Reservations of one service worth buying for one year without upfront; blocking."""
    kind, details, size = RESERVABLE[service]
    for page in _pages(ask, "get_reservation_purchase_recommendation", {"Service": service, **_TERM}):
        for advice in page.get("Recommendations", []):
            for item in advice.get("RecommendationDetails", []):
                what = item.get("InstanceDetails", {}).get(details, {})
                region, name = what.get("Region"), what.get(size)
                count = item["RecommendedNumberOfInstancesToPurchase"]
                yield _proposal(
                    item,
                    page,
                    identity=f"{kind}:{item.get('AccountId')}:{region}:{name}",
                    kind=kind,
                    region=region,
                    recommended=f"{count} x {name} reserved, one year, no upfront",
                )


def _proposal(
    item: Mapping[str, Any], page: Mapping[str, Any], *, identity: str, kind: str, region: str | None, recommended: str
) -> Recommendation:
    return Recommendation(
        recommendation_id=f"cost-explorer:{identity}",
        provider="aws",
        origin=ORIGIN,
        action=Action.PURCHASE_COMMITMENT,
        resource_type=kind,
        sub_account_id=item.get("AccountId"),
        region_id=region,
        summary=f"Buy {recommended}",
        current="on demand",
        recommended=recommended,
        estimated_monthly_savings=Decimal(item["EstimatedMonthlySavingsAmount"]),
        currency=item["CurrencyCode"],
        effort=Effort.VERY_LOW,
        restart_needed=False,
        rollback_possible=False,
        last_refresh=instant(page.get("Metadata", {}).get("GenerationTimestamp")),
        lookback_days=_LOOKBACK,
        evidence={
            name: str(item[key])
            for name, key in (
                ("utilization_percent", "EstimatedAverageUtilization"),
                ("utilization_percent", "AverageUtilization"),
                ("on_demand_hourly_minimum", "CurrentMinimumHourlyOnDemandSpend"),
                ("on_demand_hourly_average", "CurrentAverageHourlyOnDemandSpend"),
                ("instances_used_average", "AverageNumberOfInstancesUsedPerHour"),
                ("break_even_months", "EstimatedBreakEvenInMonths"),
                ("upfront", "UpfrontCost"),
            )
            if item.get(key) is not None
        },
    )


def _pages(ask: Ask, operation: str, arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    token: dict[str, str] = {}
    while True:
        page = ask(operation, {**arguments, **token})
        yield page
        if not page.get("NextPageToken"):
            return
        token = {"NextPageToken": page["NextPageToken"]}
