"""What each tool may do in AWS, as one table, and the least policy that allows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_COSTS: Final = ("aws_query_costs",)
_BILLS: Final = ("aws_query_costs", "aws_export_costs")
_ANOMALIES: Final = ("aws_list_anomalies",)
_FORECAST: Final = ("aws_forecast_costs",)
_COMMITMENTS: Final = ("aws_list_commitments",)
_USED: Final = ("GetSavingsPlansUtilizationDetails", "GetReservationUtilization")
_RESOURCES: Final = (
    "GetSavingsPlansCoverage",
    "GetSavingsPlansUtilization",
    "GetReservationCoverage",
    "GetCostComparisonDrivers",
    "ListCostAllocationTags",
    "ListCostCategoryDefinitions",
)
"""What only resources ask: commitment coverage, cost drivers, cost allocation."""
_ACCOUNTS: Final = ("aws_list_accounts",)


@dataclass(frozen=True)
class Need:
    """One permission, the tools that need it, and a free request by which to try it (service, operation, arguments)."""

    action: str
    tools: tuple[str, ...]
    probe: tuple[str, str, Mapping[str, Any]] | None = None
    on: tuple[str, ...] = field(default=("*",))


_BACKWARDS: Final = {"Start": "2026-01-02", "End": "2026-01-01"}
"""A period that no request is served for: a refusal of it is free, and comes only to those who may ask."""
_BUCKET: Final = ("arn:{partition}:s3:::{bucket}",)
_OBJECTS: Final = ("arn:{partition}:s3:::{bucket}/{prefix}*",)
NEEDS: Final = (
    Need("sts:GetCallerIdentity", ("aws_describe_server",)),
    Need("organizations:ListRoots", _ACCOUNTS, ("organizations", "list_roots", {})),
    Need("organizations:ListOrganizationalUnitsForParent", _ACCOUNTS),
    Need("organizations:ListAccountsForParent", _ACCOUNTS),
    Need("organizations:ListTagsForResource", _ACCOUNTS),
    Need("bcm-data-exports:ListExports", _BILLS, ("bcm-data-exports", "list_exports", {})),
    Need("bcm-data-exports:GetExport", _BILLS),
    Need("cur:DescribeReportDefinitions", _BILLS, ("cur", "describe_report_definitions", {})),
    Need("s3:ListBucket", _BILLS, on=_BUCKET),
    Need("s3:GetObject", _BILLS, on=_OBJECTS),
    Need(
        "ce:GetCostAndUsage",
        _COSTS,
        (
            "ce",
            "get_cost_and_usage",
            {"TimePeriod": _BACKWARDS, "Granularity": "DAILY", "Metrics": ["NetUnblendedCost"]},
        ),
    ),
    Need(
        "ce:GetCostForecast",
        _FORECAST,
        ("ce", "get_cost_forecast", {"TimePeriod": _BACKWARDS, "Granularity": "DAILY", "Metric": "NET_UNBLENDED_COST"}),
    ),
    *(Need(f"ce:{action}", _COMMITMENTS) for action in _USED),
    *(Need(f"ce:{action}", (), None) for action in _RESOURCES),
    Need("ce:GetAnomalies", _ANOMALIES),
    Need("ce:GetAnomalyMonitors", _ANOMALIES),
    Need("invoicing:ListInvoiceSummaries", ("aws_export_costs",)),
    Need("budgets:ViewBudget", ("aws_list_budgets",)),
)


def tools_that_need(action: str) -> tuple[str, ...]:
    """The tools that a permission is for; none for one that is not ours."""
    return tuple(tool for need in NEEDS if need.action == action for tool in need.tools)


def policy(bucket: str, prefix: str, partition: str = "aws") -> dict[str, Any]:
    """The least that a payer's role needs, as an IAM policy: nothing in it changes anything."""
    by_place: dict[tuple[str, ...], list[str]] = {}
    for need in NEEDS:
        by_place.setdefault(need.on, []).append(need.action)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": sorted(actions),
                "Resource": [where.format(partition=partition, bucket=bucket, prefix=prefix) for where in places],
            }
            for places, actions in by_place.items()
        ],
    }
