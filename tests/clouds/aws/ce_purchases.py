"""Cost Explorer's advice to buy commitments, from the on demand usage of the look-back period.

A third of the average hour on demand is worth committing to; a Compute Savings Plan is 27 % off for one year and 40 %
for three, a reservation 36 % and 55 %.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from tests.clouds.aws import ce_scope as scope
from tests.clouds.aws.call import Call
from tests.clouds.aws.ce_commitments import PLAN_ELIGIBLE
from tests.clouds.aws.errors import validation
from tests.clouds.aws.ledger import amount

_DAYS: Final = {"SEVEN_DAYS": 7, "THIRTY_DAYS": 30, "SIXTY_DAYS": 60}
_PLAN_OFF: Final = {"ONE_YEAR": Decimal("0.27"), "THREE_YEARS": Decimal("0.40")}
_RESERVED_OFF: Final = {"ONE_YEAR": Decimal("0.36"), "THREE_YEARS": Decimal("0.55")}
_UPFRONT: Final = {"NO_UPFRONT": Decimal(0), "PARTIAL_UPFRONT": Decimal("0.5"), "ALL_UPFRONT": Decimal(1)}
_MONTH_HOURS: Final = Decimal(730)
_RESERVABLE: Final = {
    "Amazon Elastic Compute Cloud - Compute": "EC2InstanceDetails",
    "Amazon Relational Database Service": "RDSInstanceDetails",
    "Amazon Redshift": "RedshiftInstanceDetails",
    "Amazon ElastiCache": "ElastiCacheInstanceDetails",
}


def _window(call: Call, lookback: str) -> scope.Where:
    today = call.now.replace(hour=0, minute=0, second=0, microsecond=0)
    period = scope.Span(today - timedelta(days=_DAYS[lookback]), today)
    where = scope.own_rows(call) & scope.in_span(period) & scope.expression(call.params.get("Filter"))
    return where & scope.Where("record_type = 'Usage' AND category = 'Usage' AND pricing_category = 'Standard'")


def _metadata(call: Call) -> dict[str, str]:
    drawn = hashlib.sha256(f"{call.operation}|{call.payer}|{call.now}".encode()).hexdigest()
    return {
        "RecommendationId": f"{drawn[:8]}-{drawn[8:12]}-{drawn[12:16]}-{drawn[16:20]}-{drawn[20:32]}",
        "GenerationTimestamp": f"{call.now:%Y-%m-%dT%H:%M:%SZ}",
    }


def plans(call: Call) -> dict[str, Any]:
    """GetSavingsPlansPurchaseRecommendation: Compute plans only; other types have no eligible usage here."""
    params = call.params
    asked = {
        "AccountScope": params.get("AccountScope", "PAYER"),
        "SavingsPlansType": params["SavingsPlansType"],
        "TermInYears": params["TermInYears"],
        "PaymentOption": params["PaymentOption"],
        "LookbackPeriodInDays": params["LookbackPeriodInDays"],
    }
    if params["PaymentOption"] not in _UPFRONT:
        raise validation("PaymentOption is not valid for Savings Plans")
    found = _plan_details(call, asked) if asked["SavingsPlansType"] == "COMPUTE_SP" else []
    page, more = call.page(found, asked="PageSize", token="NextPageToken")  # noqa: S106
    advice: dict[str, Any] = {**asked, "SavingsPlansPurchaseRecommendationDetails": page}
    if found:
        advice["SavingsPlansPurchaseRecommendationSummary"] = _plan_summary(call, found)
    return {"Metadata": _metadata(call), "SavingsPlansPurchaseRecommendation": advice, **more}


def _plan_details(call: Call, asked: Mapping[str, str]) -> list[dict[str, Any]]:
    where = _window(call, asked["LookbackPeriodInDays"]) & scope.Where(PLAN_ELIGIBLE)
    name = "account" if asked["AccountScope"] == "LINKED" else "payer"
    rows = call.ledger.rows(
        f"SELECT {name} AS account, sum(effective) AS spend, min(day_cost) AS least, max(day_cost) AS most FROM ("
        f"SELECT *, sum(effective) OVER (PARTITION BY {name}, day) AS day_cost FROM line WHERE {where.sql})"
        " GROUP BY ALL HAVING spend > 0 ORDER BY spend DESC",
        where.values,
    )
    return [_plan_detail(call, asked, row) for row in rows]


def _plan_detail(call: Call, asked: Mapping[str, str], row: Mapping[str, Any]) -> dict[str, Any]:
    hours = Decimal(_DAYS[asked["LookbackPeriodInDays"]] * 24)
    off, average = _PLAN_OFF[asked["TermInYears"]], row["spend"] / hours
    covered = average / 3
    commitment = covered * (1 - off)
    years = 1 if asked["TermInYears"] == "ONE_YEAR" else 3
    upfront = commitment * 8760 * years * _UPFRONT[asked["PaymentOption"]]
    saved = (covered - commitment) * hours
    return {
        "SavingsPlansDetails": {"OfferingId": f"compute-{years}-{asked['PaymentOption'].lower()}"},
        "AccountId": row["account"],
        "UpfrontCost": amount(upfront),
        "EstimatedROI": amount(saved / (commitment * hours) * 100),
        "CurrencyCode": call.ledger.currency_of(call.payer),
        "EstimatedSPCost": amount(commitment * hours),
        "EstimatedOnDemandCost": amount(row["spend"] - covered * hours),
        "EstimatedOnDemandCostWithCurrentCommitment": amount(row["spend"]),
        "EstimatedSavingsAmount": amount(saved),
        "EstimatedSavingsPercentage": amount(saved / row["spend"] * 100),
        "HourlyCommitmentToPurchase": amount(round(commitment, 3)),
        "EstimatedAverageUtilization": "100",
        "EstimatedMonthlySavingsAmount": amount((covered - commitment) * _MONTH_HOURS),
        "CurrentMinimumHourlyOnDemandSpend": amount(row["least"] / 24),
        "CurrentMaximumHourlyOnDemandSpend": amount(row["most"] / 24),
        "CurrentAverageHourlyOnDemandSpend": amount(average),
    }


def _plan_summary(call: Call, found: list[dict[str, Any]]) -> dict[str, str]:
    def total(name: str) -> Decimal:
        return sum((Decimal(detail[name]) for detail in found), Decimal(0))

    spend = total("EstimatedOnDemandCostWithCurrentCommitment")
    cost, saved = total("EstimatedSPCost"), total("EstimatedSavingsAmount")
    return {
        "EstimatedROI": amount(saved / cost * 100),
        "CurrencyCode": call.ledger.currency_of(call.payer),
        "EstimatedTotalCost": amount(cost + total("EstimatedOnDemandCost")),
        "CurrentOnDemandSpend": amount(spend),
        "EstimatedSavingsAmount": amount(saved),
        "TotalRecommendationCount": str(len(found)),
        "DailyCommitmentToPurchase": amount(total("HourlyCommitmentToPurchase") * 24),
        "HourlyCommitmentToPurchase": amount(total("HourlyCommitmentToPurchase")),
        "EstimatedSavingsPercentage": amount(saved / spend * 100),
        "EstimatedMonthlySavingsAmount": amount(total("EstimatedMonthlySavingsAmount")),
        "EstimatedOnDemandCostWithCurrentCommitment": amount(spend),
    }


def reservations(call: Call) -> dict[str, Any]:
    """GetReservationPurchaseRecommendation: for one service, an entry for each instance type and region."""
    params = call.params
    service = params["Service"]
    if service not in _RESERVABLE:
        raise validation(f"Service {service} has no reservation recommendations")
    asked = {
        "AccountScope": params.get("AccountScope", "PAYER"),
        "LookbackPeriodInDays": params.get("LookbackPeriodInDays", "SEVEN_DAYS"),
        "TermInYears": params.get("TermInYears", "ONE_YEAR"),
        "PaymentOption": params.get("PaymentOption", "NO_UPFRONT"),
    }
    where = _window(call, asked["LookbackPeriodInDays"])
    where &= scope.Where("service = ? AND instance_type <> 'NoInstanceType' AND unit = 'Hrs'", (service,))
    rows = call.ledger.rows(
        "SELECT instance_type, instance_family, region, sum(effective) AS spend, sum(quantity) AS hours FROM line"
        f" WHERE {where.sql} GROUP BY ALL HAVING spend > 0 ORDER BY spend DESC, region",
        where.values,
    )
    found = [_reservation(call, asked, service, row) for row in rows]
    page, more = call.page(found, asked="PageSize", token="NextPageToken")  # noqa: S106
    saved = sum((Decimal(detail["EstimatedMonthlySavingsAmount"]) for detail in found), Decimal(0))
    before = sum((Decimal(detail["EstimatedMonthlyOnDemandCost"]) for detail in found), Decimal(0))
    summary = {
        "TotalEstimatedMonthlySavingsAmount": amount(saved),
        "TotalEstimatedMonthlySavingsPercentage": amount(saved / before * 100 if before else 0),
        "CurrencyCode": call.ledger.currency_of(call.payer),
    }
    advice = [{**asked, "RecommendationDetails": page, "RecommendationSummary": summary}] if found else []
    return {"Metadata": _metadata(call), "Recommendations": advice, **more}


def _reservation(call: Call, asked: Mapping[str, str], service: str, row: Mapping[str, Any]) -> dict[str, Any]:
    lookback = Decimal(_DAYS[asked["LookbackPeriodInDays"]] * 24)
    average = row["hours"] / lookback
    count = max(1, int(average / 3))
    on_demand = row["spend"] / row["hours"] * _MONTH_HOURS * count
    cost = on_demand * (1 - _RESERVED_OFF[asked["TermInYears"]])
    months = 12 if asked["TermInYears"] == "ONE_YEAR" else 36
    upfront = _UPFRONT[asked["PaymentOption"]]
    kind = _RESERVABLE[service]
    size = "NodeType" if kind in {"RedshiftInstanceDetails", "ElastiCacheInstanceDetails"} else "InstanceType"
    return {
        "AccountId": call.payer,
        "InstanceDetails": {
            kind: {
                "Family": row["instance_family"],
                size: row["instance_type"],
                "Region": row["region"],
                "CurrentGeneration": True,
                "SizeFlexEligible": service != "Amazon Redshift",
            }
        },
        "RecommendedNumberOfInstancesToPurchase": str(count),
        "AverageNumberOfInstancesUsedPerHour": amount(average),
        "AverageUtilization": "100",
        "EstimatedBreakEvenInMonths": amount(cost * months * upfront / on_demand),
        "CurrencyCode": call.ledger.currency_of(call.payer),
        "EstimatedMonthlySavingsAmount": amount(on_demand - cost),
        "EstimatedMonthlySavingsPercentage": amount((on_demand - cost) / on_demand * 100),
        "EstimatedMonthlyOnDemandCost": amount(on_demand),
        "EstimatedReservationCostForLookbackPeriod": amount(cost / _MONTH_HOURS * lookback),
        "UpfrontCost": amount(cost * months * upfront),
        "RecurringStandardMonthlyCost": amount(cost * (1 - upfront)),
    }


OPERATIONS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {
    "GetReservationPurchaseRecommendation": reservations,
    "GetSavingsPlansPurchaseRecommendation": plans,
}
