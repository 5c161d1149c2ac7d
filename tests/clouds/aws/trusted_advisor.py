"""Trusted Advisor through the Support API: cost checks of the caller's account, from the sample's recommendations.

Without a Business or Enterprise support plan (`settings["support_plan"] = False`) every call is refused.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.clouds.aws import advice
from tests.clouds.aws.call import Call
from tests.clouds.aws.errors import AwsError

_CHECKS: Final = {
    "Qch7DwouX1": (
        "Low Utilization Amazon EC2 Instances", "virtual_machine",
        ("Region/AZ", "Instance ID", "Instance Name", "Instance Type", "Estimated Monthly Savings",
         "14-Day Average CPU Utilization"),
    ),
    "DAvU99Dc4C": (
        "Underutilized Amazon EBS Volumes", "block_volume",
        ("Region/AZ", "Volume ID", "Volume Name", "Volume Type", "Volume Size", "Monthly Storage Cost"),
    ),
    "Z4AUBRNSmz": ("Unassociated Elastic IP Addresses", "ip_address", ("Region", "IP Address")),
    "Ti39halfu8": (
        "Amazon RDS Idle DB Instances", "database",
        ("Region", "DB Instance Name", "Instance Type", "Estimated Monthly Savings (On Demand)"),
    ),
}  # fmt: skip


def _allowed(call: Call) -> None:
    if call.settings.get("support_plan") is False:
        raise AwsError(
            "SubscriptionRequiredException",
            "Amazon Web Services Premium Support Subscription is required to use this service.",
        )


def _checks(call: Call) -> dict[str, Any]:
    _allowed(call)
    return {
        "checks": [
            {"id": number, "name": name, "description": name, "category": "cost_optimizing", "metadata": list(columns)}
            for number, (name, _, columns) in _CHECKS.items()
        ]
    }


def _result(call: Call) -> dict[str, Any]:
    _allowed(call)
    number = call.params["checkId"]
    if number not in _CHECKS:
        raise AwsError("InvalidParameterValueException", f"Invalid check id {number}")
    _, kind, columns = _CHECKS[number]
    rows = [
        row
        for row in advice.recommendations(call, [call.principal.account], [kind])
        if row["action"] in {"Delete", "Stop"}
    ]
    processed = call.ledger.rows(
        "SELECT count(*) AS number FROM item WHERE sub_account_id = ? AND resource_type = ?",
        [call.principal.account, kind],
    )[0]["number"]
    saved = sum(advice.savings(call, row)[0] for row in rows)
    return {
        "result": {
            "checkId": number,
            "timestamp": f"{call.now:%Y-%m-%dT%H:%M:%SZ}",
            "status": "warning" if rows else "ok",
            "resourcesSummary": {
                "resourcesProcessed": processed,
                "resourcesFlagged": len(rows),
                "resourcesIgnored": 0,
                "resourcesSuppressed": 0,
            },
            "categorySpecificSummary": {
                "costOptimizing": {"estimatedMonthlySavings": round(saved, 2), "estimatedPercentMonthlySavings": 0.0}
            },
            "flaggedResources": [_flagged(call, row, columns) for row in rows],
        }
    }


def _flagged(call: Call, row: Mapping[str, Any], columns: tuple[str, ...]) -> dict[str, Any]:
    identifier = str(row["resource_id"]).rpartition(":")[2].rpartition("/")[2]
    saved = f"${advice.savings(call, row)[0]:,.2f}"
    cpu = advice.measured(call, row["resource_id"], "cpu_utilization_percent")
    values = {
        "Region": row["region_id"],
        "Region/AZ": row["availability_zone"] or row["region_id"],
        "Instance ID": identifier,
        "Volume ID": identifier,
        "IP Address": identifier,
        "DB Instance Name": identifier,
        "Instance Name": row["resource_name"],
        "Volume Name": row["resource_name"],
        "Instance Type": row["current"],
        "Volume Type": row["current"],
        "Volume Size": str(int(row["size_gib"] or 0)),
        "14-Day Average CPU Utilization": f"{cpu['average']:.1f}%" if cpu else "",
    }
    return {
        "status": "warning",
        "region": row["region_id"],
        "resourceId": row["recommendation_id"],
        "isSuppressed": False,
        "metadata": [str(values.get(column, saved)) for column in columns],
    }


OPERATIONS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {
    "DescribeTrustedAdvisorCheckResult": _result,
    "DescribeTrustedAdvisorChecks": _checks,
}
