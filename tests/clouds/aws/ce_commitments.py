"""Cost Explorer's view of commitments: coverage and utilisation of savings plans and reservations.

Costs are the ledger's: a covered row's EffectiveCost is what the commitment paid, its ContractedCost what it would have
cost on demand; an Unused row is what was paid for nothing. One reservation counts as one unit for each hour of its
term, so its used hours are its hours by the share of its cost that was used.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any, Final

from tests.clouds.aws import ce_scope as scope
from tests.clouds.aws.call import Call
from tests.clouds.aws.errors import AwsError, validation
from tests.clouds.aws.ledger import amount

PLANS: Final = "purchase_type = 'Savings Plans'"
RESERVATIONS: Final = "purchase_type = 'Standard Reserved Instances'"
PLAN_ELIGIBLE: Final = "(operation = 'RunInstances' AND usage_type LIKE 'BoxUsage%') OR usage_type = 'Lambda-GB-Second'"
_RESERVABLE: Final = (
    "category = 'Usage' AND instance_type <> 'NoInstanceType' AND unit = 'Hrs' AND pricing_category = 'Standard'"
    " AND service_code IN ('AmazonEC2', 'AmazonRDS', 'AmazonRedshift', 'AmazonElastiCache')"
)
_ALIASES: Final = {"INSTANCE_FAMILY": "INSTANCE_TYPE_FAMILY"}


@dataclass(frozen=True)
class Use:
    """What one commitment, or all of them, came to in a period."""

    used: Decimal
    unused: Decimal
    on_demand: Decimal
    upfront: Decimal
    hours: Decimal

    @property
    def total(self) -> Decimal:
        """What was paid, by day of the term."""
        return self.used + self.unused

    @property
    def share(self) -> Decimal:
        """The used part of it, from 0 to 1."""
        return self.used / self.total if self.total else Decimal(0)


def _granularity(call: Call) -> str:
    granularity = call.params.get("Granularity", "MONTHLY")
    if granularity == "HOURLY":
        raise validation("Granularity HOURLY is not supported")
    if "Granularity" in call.params and call.params.get("GroupBy"):
        raise validation("Granularity and GroupBy cannot be used together")
    return granularity


def _period(call: Call) -> scope.Span:
    return scope.past(call, call.params["TimePeriod"], "DAILY")


def _one_grouping(call: Call) -> tuple[str | None, scope.Where]:
    groups = call.params.get("GroupBy") or []
    if len(groups) > 1:
        raise validation("Group by allows a maximum of one group definition")
    if not groups:
        return None, scope.Where("''")
    key = groups[0].get("Key", "")
    return key, scope.grouping({**groups[0], "Key": _ALIASES.get(key, key)})


def plan_coverage(call: Call) -> dict[str, Any]:
    """GetSavingsPlansCoverage: what plans covered of the usage that they could have covered."""
    period = _period(call)
    granularity = _granularity(call)
    key, group = _one_grouping(call)
    where = scope.own_rows(call) & scope.expression(call.params.get("Filter"))
    found: list[dict[str, Any]] = []
    for span in [period] if key else scope.buckets(period, granularity):
        inside = where & scope.in_span(span)
        rows = call.ledger.rows(
            f"SELECT {group.sql} AS name,"
            " COALESCE(sum(contracted) FILTER (WHERE record_type = 'SavingsPlanCoveredUsage'), 0) AS covered,"
            f" COALESCE(sum(effective) FILTER (WHERE record_type = 'Usage' AND category = 'Usage' AND ({PLAN_ELIGIBLE})"
            " AND pricing_category = 'Standard'), 0) AS on_demand"
            f" FROM line WHERE {inside.sql} GROUP BY name HAVING covered <> 0 OR on_demand <> 0 ORDER BY name",
            [*group.values, *inside.values],
        )
        found += [_coverage(row, span, key) for row in rows]
    if not found:
        raise AwsError("DataUnavailableException", "There is no usage that savings plans could cover.")
    page, more = call.page(found)
    return {"SavingsPlansCoverages": page, **more}


def _coverage(row: Mapping[str, Any], span: scope.Span, key: str | None) -> dict[str, Any]:
    total = row["covered"] + row["on_demand"]
    return {
        "Attributes": {key: str(row["name"])} if key else {},
        "Coverage": {
            "SpendCoveredBySavingsPlans": amount(row["covered"]),
            "OnDemandCost": amount(row["on_demand"]),
            "TotalCost": amount(total),
            "CoveragePercentage": amount(row["covered"] / total * 100 if total else 0),
        },
        "TimePeriod": scope.said(span),
    }


def _uses(call: Call, kind: str, period: scope.Span) -> dict[str, Use]:
    """Each commitment of the kind that had rows in the period."""
    where = scope.own_rows(call) & scope.expression(call.params.get("Filter")) & scope.in_span(period)
    rows = call.ledger.rows(
        "SELECT commitment_id, sum(effective) FILTER (WHERE commitment_status = 'Unused') AS unused,"
        " sum(effective) FILTER (WHERE commitment_status = 'Used') AS used,"
        " sum(contracted) FILTER (WHERE commitment_status = 'Used') AS on_demand"
        f" FROM line WHERE {where.sql} AND {kind} AND category = 'Usage' GROUP BY commitment_id ORDER BY commitment_id",
        where.values,
    )
    terms = {term["commitment_discount_id"]: term for term in call.ledger.rows("SELECT * FROM commitment")}
    found: dict[str, Use] = {}
    for row in rows:
        term = terms[row["commitment_id"]]
        start, end = term["start"].replace(tzinfo=UTC), term["end"].replace(tzinfo=UTC)
        days = max(0, (min(end, period.end, call.now) - max(start, period.start)) // timedelta(days=1))
        upfront = (term["upfront_cost"] / ((end - start) // timedelta(days=1))) * days
        zero = Decimal(0)
        found[row["commitment_id"]] = Use(
            row["used"] or zero, row["unused"] or zero, row["on_demand"] or zero, upfront, Decimal(days * 24)
        )
    return found


def _sum(uses: Sequence[Use]) -> Use:
    zero = Decimal(0)
    return Use(
        sum((use.used for use in uses), zero),
        sum((use.unused for use in uses), zero),
        sum((use.on_demand for use in uses), zero),
        sum((use.upfront for use in uses), zero),
        sum((use.hours for use in uses), zero),
    )


def _plan(use: Use) -> dict[str, Any]:
    return {
        "Utilization": {
            "TotalCommitment": amount(use.total),
            "UsedCommitment": amount(use.used),
            "UnusedCommitment": amount(use.unused),
            "UtilizationPercentage": amount(use.share * 100),
        },
        "Savings": {
            "NetSavings": amount(use.on_demand - use.total),
            "OnDemandCostEquivalent": amount(use.on_demand),
        },
        "AmortizedCommitment": {
            "AmortizedRecurringCommitment": amount(use.total - use.upfront),
            "AmortizedUpfrontCommitment": amount(use.upfront),
            "TotalAmortizedCommitment": amount(use.total),
        },
    }


def plan_utilization(call: Call) -> dict[str, Any]:
    """GetSavingsPlansUtilization."""
    period = _period(call)
    spans = scope.buckets(period, _granularity(call))
    total = _sum(list(_uses(call, PLANS, period).values()))
    if not total.total:
        raise AwsError("DataUnavailableException", "There are no savings plans in this period.")
    return {
        "SavingsPlansUtilizationsByTime": [
            {"TimePeriod": scope.said(span), **_plan(_sum(list(_uses(call, PLANS, span).values())))} for span in spans
        ],
        "Total": _plan(total),
    }


def plan_details(call: Call) -> dict[str, Any]:
    """GetSavingsPlansUtilizationDetails: one entry a plan."""
    period = _period(call)
    uses = _uses(call, PLANS, period)
    if not uses:
        raise AwsError("DataUnavailableException", "There are no savings plans in this period.")
    terms = {term["commitment_discount_id"]: term for term in call.ledger.rows("SELECT * FROM commitment")}
    listed = [{"SavingsPlanArn": arn, "Attributes": _attributes(terms[arn]), **_plan(use)} for arn, use in uses.items()]
    page, more = call.page(listed)
    return {
        "SavingsPlansUtilizationDetails": page,
        "Total": _plan(_sum(list(uses.values()))),
        "TimePeriod": scope.said(period),
        **more,
    }


def _attributes(term: Mapping[str, Any]) -> dict[str, str]:
    return {
        "AccountId": str(term["billing_account_id"]),
        "HourlyCommitment": amount(term["hourly_commitment"]),
        "PaymentOption": str(term["payment_model"]),
        "PurchaseTerm": "1yr",
        "SavingsPlansType": "Compute",
        "Status": "Active" if term["status"] == "active" else "Retired",
        "StartDateTime": f"{term['start']:%Y-%m-%dT%H:%M:%S.000Z}",
        "EndDateTime": f"{term['end']:%Y-%m-%dT%H:%M:%S.000Z}",
    }


def reservation_utilization(call: Call) -> dict[str, Any]:
    """GetReservationUtilization: by time, or by SUBSCRIPTION_ID over the period."""
    period = _period(call)
    granularity = _granularity(call)
    groups = call.params.get("GroupBy") or []
    if groups and groups[0].get("Key") != "SUBSCRIPTION_ID":
        raise validation("Reservation utilization can be grouped by SUBSCRIPTION_ID only")
    by_time: list[dict[str, Any]] = []
    for span in [period] if groups else scope.buckets(period, granularity):
        uses = _uses(call, RESERVATIONS, span)
        members = [
            {"Key": "SUBSCRIPTION_ID", "Value": identifier, "Attributes": {}, "Utilization": _reservation(use)}
            for identifier, use in uses.items()
        ]
        total = _reservation(_sum(list(uses.values())))
        by_time.append({"TimePeriod": scope.said(span), "Groups": members if groups else [], "Total": total})
    total = _sum(list(_uses(call, RESERVATIONS, period).values()))
    if not total.total:
        raise AwsError("DataUnavailableException", "There are no reservations in this period.")
    page, more = call.page(by_time, token="NextPageToken")  # noqa: S106
    return {"UtilizationsByTime": page, "Total": _reservation(total), **more}


def _reservation(use: Use) -> dict[str, str]:
    actual = use.hours * use.share
    return {
        "UtilizationPercentage": amount(use.share * 100),
        "PurchasedHours": amount(use.hours),
        "TotalActualHours": amount(actual),
        "UnusedHours": amount(use.hours - actual),
        "OnDemandCostOfRIHoursUsed": amount(use.on_demand),
        "NetRISavings": amount(use.on_demand - use.total),
        "TotalPotentialRISavings": amount((use.on_demand / use.share if use.share else Decimal(0)) - use.total),
        "AmortizedUpfrontFee": amount(use.upfront),
        "AmortizedRecurringFee": amount(use.total - use.upfront),
        "TotalAmortizedFee": amount(use.total),
        "RICostForUnusedHours": amount(use.unused),
        "RealizedSavings": amount(use.on_demand - use.used),
    }


def reservation_coverage(call: Call) -> dict[str, Any]:
    """GetReservationCoverage: hours of instances that could be reserved, by what paid for them."""
    period = _period(call)
    granularity = _granularity(call)
    key, group = _one_grouping(call)
    by_time = [
        {"TimePeriod": scope.said(span), **_covered(call, span, key, group)}
        for span in ([period] if key else scope.buckets(period, granularity))
    ]
    page, more = call.page(by_time, token="NextPageToken")  # noqa: S106
    total = _covered(call, period, None, scope.Where("''"))["Total"]
    return {"CoveragesByTime": page, "Total": total, **more}


def _covered(call: Call, span: scope.Span, key: str | None, group: scope.Where) -> dict[str, Any]:
    where = scope.own_rows(call) & scope.expression(call.params.get("Filter")) & scope.in_span(span)
    rows = call.ledger.rows(
        f"SELECT {group.sql} AS name, COALESCE(sum(quantity) FILTER (WHERE record_type = 'DiscountedUsage'), 0) AS reserved,"
        f" COALESCE(sum(quantity) FILTER (WHERE {_RESERVABLE}), 0) AS on_demand,"
        f" COALESCE(sum(effective) FILTER (WHERE {_RESERVABLE}), 0) AS cost"
        f" FROM line WHERE {where.sql} GROUP BY name HAVING reserved <> 0 OR on_demand <> 0 ORDER BY name",
        [*group.values, *where.values],
    )
    total = {name: sum((row[name] for row in rows), Decimal(0)) for name in ("reserved", "on_demand", "cost")}
    members = [{"Attributes": {key: str(row["name"])}, "Coverage": _hours(row)} for row in rows] if key else []
    return {"Groups": members, "Total": _hours(total)}


def _hours(row: Mapping[str, Any]) -> dict[str, Any]:
    running = row["reserved"] + row["on_demand"]
    return {
        "CoverageHours": {
            "OnDemandHours": amount(row["on_demand"]),
            "ReservedHours": amount(row["reserved"]),
            "TotalRunningHours": amount(running),
            "CoverageHoursPercentage": amount(row["reserved"] / running * 100 if running else 0),
        },
        "CoverageCost": {"OnDemandCost": amount(row["cost"])},
    }


OPERATIONS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {
    "GetReservationCoverage": reservation_coverage,
    "GetReservationUtilization": reservation_utilization,
    "GetSavingsPlansCoverage": plan_coverage,
    "GetSavingsPlansUtilization": plan_utilization,
    "GetSavingsPlansUtilizationDetails": plan_details,
}
