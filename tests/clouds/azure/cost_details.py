"""Reports of cost details: asked for, polled at their Location until they are done, then a manifest of links to blobs.

The links carry a signature and lead to this server's storage account, or to `endpoint.foreign_host` where a test wants
to see that a client refuses to follow them. A report covers one calendar month at most, and thirteen months back.
"""

import uuid
from datetime import date, timedelta
from typing import Any, Final

from azure.mgmt.costmanagement import models

from tests.clouds.azure.blob import ACCOUNT
from tests.clouds.azure.call import Call, Operation
from tests.clouds.azure.cost_values import Condition
from tests.clouds.azure.errors import bad_request, not_found
from tests.clouds.azure.exports import write_csv
from tests.clouds.azure.identity import signature_of
from tests.clouds.azure.scope import scope_of
from tests.clouds.wire import Reply

REPORTS: Final = "armreports"
_OLDEST: Final = timedelta(days=13 * 31)


def generate(call: Call) -> Reply:
    """POST generateCostDetailsReport: 202 and where to ask for the report."""
    scope = scope_of(call, call.names["scope"])
    body = call.body or {}
    if len(body.keys() & {"timePeriod", "billingPeriod", "invoiceId"}) > 1:
        raise bad_request("Only one of timePeriod, billingPeriod and invoiceId can be given.")
    where = _asked(call, body)
    number = str(uuid.uuid4())
    call.endpoint.reports[number] = {
        "scope": scope, "body": body, "where": Condition(scope.where, scope.values) & where, "polls": 0,
    }  # fmt: skip
    path = f"/{scope.id}/providers/Microsoft.CostManagement/costDetailsOperationResults/{number}"
    return Reply(202, b"", {"Location": call.link(path), "Retry-After": "0"})


def poll(call: Call) -> dict[str, Any] | Reply:
    """GET costDetailsOperationResults: 202 while it is made, then its manifest, or 204 where there is no data."""
    report = call.endpoint.reports.get(call.names["operationId"])
    if report is None:
        raise not_found(f"Report {call.names['operationId']}")
    if report["polls"] < call.endpoint.report_polls:
        report["polls"] += 1
        return Reply(202, b"", {"Location": call.link(call.path), "Retry-After": "0"})
    scope, number = report["scope"], call.names["operationId"]
    said: dict[str, Any] = {
        "id": f"{scope.id}/providers/Microsoft.CostManagement/costDetailsOperationResults/{number}", "name": number,
        "type": "Microsoft.CostManagement/costDetailsOperationResults",
    }  # fmt: skip
    if call.fault and call.fault.code == "report_failed":
        return said | {
            "status": "Failed",
            "error": {"code": "500", "message": "Internal error while the report was made."},
        }
    if "blobs" not in report:
        report["blobs"] = _write(call, number, report)
    blobs = report["blobs"]
    if not blobs:
        return Reply(204)
    return said | {
        "status": "Completed",
        "manifest": {
            "manifestVersion": "2022-05-01", "dataFormat": "Csv", "blobCount": len(blobs), "compressData": False,
            "byteCount": sum(one["byteCount"] for one in blobs),
            "requestContext": {"requestScope": scope.id, "requestBody": report["body"]}, "blobs": blobs,
        },
        "validTill": f"{call.now + timedelta(hours=12):%Y-%m-%dT%H:%M:%SZ}",
    }  # fmt: skip


def _asked(call: Call, body: dict[str, Any]) -> Condition:
    if invoice := body.get("invoiceId"):
        return Condition("invoice = ?", [invoice])
    if period := body.get("billingPeriod"):
        return Condition("strftime(billing_month, '%Y%m') = ?", [period])
    today = call.now.date()
    if not (asked := body.get("timePeriod")):
        return Condition("day BETWEEN ? AND ?", [today.replace(day=1), today])
    start, end = date.fromisoformat(asked["start"]), date.fromisoformat(asked["end"])
    if start > end:
        raise bad_request("The start date must be before the end date.")
    if (start.year, start.month) != (end.year, end.month):
        raise bad_request("The time period must not exceed one calendar month.")
    if start < today - _OLDEST:
        raise bad_request("The time period must lie within the last 13 months.")
    return Condition("day BETWEEN ? AND ?", [start, end])


def _write(call: Call, number: str, report: dict[str, Any]) -> list[dict[str, Any]]:
    endpoint = call.endpoint
    folder = endpoint.containers.setdefault(REPORTS, endpoint.scratch)
    metric, found = report["body"].get("metric") or "ActualCost", []
    for part in range(endpoint.report_parts):
        name = f"{call.now:%Y%m%d}/{number}/part_{part}.csv"
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        mine = Condition("number % ? = ?", [endpoint.report_parts, part])
        if write_csv(call.ledger, metric, report["where"] & mine, file):
            host = endpoint.foreign_host or endpoint.url
            query = f"sv=2025-07-05&sr=b&sp=r&se={call.now + timedelta(hours=12):%Y-%m-%dT%H:%M:%SZ}&sig={signature_of(f'{REPORTS}/{name}')}"
            link = f"{host}/{ACCOUNT}/{REPORTS}/{name}?{query}"
            found.append({"blobLink": link, "byteCount": file.stat().st_size})
    return found


_BASE: Final = "/{scope}/providers/Microsoft.CostManagement/"
OPERATIONS: Final = (
    Operation(
        "costmanagement:CostDetails", "POST", _BASE + "generateCostDetailsReport", generate,
        models.GenerateCostDetailsReportRequestDefinition,
    ),
    Operation(
        "costmanagement:CostDetailsResult", "GET", _BASE + "costDetailsOperationResults/{operationId}", poll,
        reply=models.CostDetailsOperationResults,
    ),
)  # fmt: skip
