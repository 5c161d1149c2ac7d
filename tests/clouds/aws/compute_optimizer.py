"""Compute Optimizer, region by region: without accountIds the caller's own account only, one account a request."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any, Final

from tests.clouds.aws import advice
from tests.clouds.aws.call import Call
from tests.clouds.aws.errors import AwsError

_MOST_ACCOUNTS: Final = 1


def _rows(call: Call, kind: str, native: str, arns: str) -> list[dict[str, Any]]:
    call.refuse("filters", "recommendationPreferences")
    asked = call.params.get("accountIds")
    if asked and len(asked) > _MOST_ACCOUNTS:
        raise AwsError("InvalidParameterValueException", "Only one account ID can be specified per request.")
    if call.settings.get("compute_optimizer_enrolled") is False:
        raise AwsError("OptInRequiredException", "The account is not opted in to AWS Compute Optimizer.", 403)
    rows = advice.recommendations(call, advice.accounts_of(call, asked), [kind])
    wanted = call.params.get(arns)
    return [
        row
        for row in rows
        if row["region_id"] == call.region
        and native in row["arn"]
        and (not wanted or row["arn"] in wanted)
        and row["origin"] == "AWS Compute Optimizer"
    ]


def _reply(call: Call, member: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    page, more = call.page(items, asked="maxResults", token="nextToken", invalid="InvalidParameterValueException")  # noqa: S106
    return {member: page, "errors": [], **more}


def _opportunity(call: Call, row: Mapping[str, Any]) -> dict[str, Any]:
    saved, percent = advice.savings(call, row)
    money = {"savingsOpportunityPercentage": percent, "estimatedMonthlySavings": {"currency": "USD", "value": saved}}
    return {"rank": 1, "savingsOpportunity": money, "savingsOpportunityAfterDiscounts": money}


def _metrics(call: Call, row: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for metric, name in names.items():
        if values := advice.measured(call, row["resource_id"], metric):
            found.append({"name": name, "statistic": "Maximum", "value": values["maximum"]})
    return found


def _common(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "accountId": row["account"],
        "lastRefreshTimestamp": row["last_refresh"].replace(tzinfo=UTC),
        **({"tags": tags} if (tags := advice.tags(row)) else {}),
    }


def _instances(call: Call) -> dict[str, Any]:
    names = {"cpu_utilization_percent": "Cpu", "memory_utilization_percent": "Memory"}
    items = [
        {
            "instanceArn": row["arn"],
            "instanceName": row["resource_name"],
            "currentInstanceType": row["current"],
            "finding": "Overprovisioned",
            "findingReasonCodes": ["CPUOverprovisioned"],
            "utilizationMetrics": _metrics(call, row, names),
            "lookBackPeriodInDays": 14.0,
            "recommendationOptions": [
                {"instanceType": advice.half(row["current"]), "performanceRisk": 1.0, **_opportunity(call, row)}
            ],
            "recommendationSources": [
                {"recommendationSourceArn": row["arn"], "recommendationSourceType": "Ec2Instance"}
            ],
            "currentPerformanceRisk": "VeryLow",
            "instanceState": "running",
            "idle": "True" if row["action"] == "Stop" else "False",
            **_common(row),
        }
        for row in _rows(call, "virtual_machine", ":instance/", "instanceArns")
    ]
    return _reply(call, "instanceRecommendations", items)


def _volumes(call: Call) -> dict[str, Any]:
    items = [
        {
            "volumeArn": row["arn"],
            "currentConfiguration": {"volumeType": row["current"], "volumeSize": int(row["size_gib"] or 1)},
            "finding": "NotOptimized",
            "utilizationMetrics": _metrics(call, row, {"disk_iops": "VolumeReadOpsPerSecond"}),
            "lookBackPeriodInDays": 14.0,
            "volumeRecommendationOptions": [],
            "currentPerformanceRisk": "VeryLow",
            **_common(row),
        }
        for row in _rows(call, "block_volume", ":volume/", "volumeArns")
    ]
    return _reply(call, "volumeRecommendations", items)


def _databases(call: Call) -> dict[str, Any]:
    names = {"cpu_utilization_percent": "CPU", "connections": "DatabaseConnections"}
    items: list[dict[str, Any]] = []
    for row in _rows(call, "database", ":db:", "resourceArns"):
        common = _common(row)
        items.append(
            {
                "resourceArn": row["arn"],
                "engine": "postgres",
                "currentDBInstanceClass": row["current"],
                "instanceFinding": "Overprovisioned",
                "instanceFindingReasonCodes": ["CPUOverprovisioned"],
                "idle": "True" if row["action"] == "Stop" else "False",
                "instanceRecommendationOptions": [
                    {"dbInstanceClass": advice.half(row["current"]), "performanceRisk": 1.0, **_opportunity(call, row)}
                ],
                "utilizationMetrics": _metrics(call, row, names),
                "lookbackPeriodInDays": 14.0,
                **common,
            }
        )
    return _reply(call, "rdsDBRecommendations", items)


def _idle(call: Call) -> dict[str, Any]:
    """Machines and databases to stop, and volumes to delete, with all that they cost as what is saved."""
    call.refuse("orderBy")
    kinds = {
        ("virtual_machine", ":instance/"): ("EC2Instance", "Idle"),
        ("database", ":db:"): ("RDSDBInstance", "Idle"),
        ("block_volume", ":volume/"): ("EBSVolume", "Unattached"),
    }
    items: list[dict[str, Any]] = []
    for (kind, native), (name, finding) in kinds.items():
        for row in _rows(call, kind, native, "resourceArns"):
            if row["action"] not in {"Stop", "Delete"}:
                continue
            saved = _opportunity(call, row)
            items.append(
                {
                    "resourceArn": row["resource_id"],
                    "resourceId": re.split("[:/]", row["resource_id"])[-1],
                    "resourceType": name,
                    "finding": finding,
                    "findingDescription": f"This resource is {finding.lower()}.",
                    "savingsOpportunity": saved["savingsOpportunity"],
                    "savingsOpportunityAfterDiscounts": saved["savingsOpportunityAfterDiscounts"],
                    "lookBackPeriodInDays": 14.0,
                    **_common(row),
                }
            )
    return _reply(call, "idleRecommendations", items)


def _status(call: Call) -> dict[str, Any]:
    active = call.settings.get("compute_optimizer_enrolled") is not False
    return {
        "status": "Active" if active else "Inactive",
        "memberAccountsEnrolled": active and call.is_management,
        "lastUpdatedTimestamp": call.now,
        "numberOfMemberAccountsOptedIn": len(advice.organisation(call)) - 1 if call.is_management else 0,
    }


OPERATIONS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {
    "GetEBSVolumeRecommendations": _volumes,
    "GetEC2InstanceRecommendations": _instances,
    "GetEnrollmentStatus": _status,
    "GetIdleRecommendations": _idle,
    "GetRDSDatabaseRecommendations": _databases,
}
