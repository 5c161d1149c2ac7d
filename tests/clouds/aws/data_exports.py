"""Data Exports (bcm-data-exports) and legacy report definitions (cur): what the billing bucket's folders say."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tests.clouds.aws.call import Call
from tests.clouds.aws.errors import AwsError
from tests.clouds.aws.s3 import BILLING_BUCKET, BILLING_PREFIX


def _manifests(call: Call) -> dict[str, list[dict[str, Any]]]:
    """The caller's exports by name, each with the manifests of its billing periods and when they were written."""
    found: dict[str, list[dict[str, Any]]] = {}
    for file in sorted((call.ledger.folder / "costs").glob("*/metadata/*/*-Manifest.json")):
        manifest = json.loads(file.read_text(encoding="utf-8"))
        if manifest["account"] == call.principal.account:
            written = datetime.fromtimestamp(int(file.stat().st_mtime), UTC)
            found.setdefault(manifest["exportName"], []).append(manifest | {"written": written})
    return found


def _arn(call: Call, name: str) -> str:
    return f"arn:aws:bcm-data-exports:us-east-1:{call.principal.account}:export/{name}-{call.principal.account[:8]}"


def _status(manifests: list[dict[str, Any]]) -> dict[str, Any]:
    written = max(manifest["written"] for manifest in manifests)
    return {"StatusCode": "HEALTHY", "LastRefreshedAt": written, "LastUpdatedAt": written}


def _named(call: Call) -> tuple[str, list[dict[str, Any]]]:
    for name, manifests in _manifests(call).items():
        if _arn(call, name) == call.params["ExportArn"]:
            return name, manifests
    raise AwsError("ResourceNotFoundException", "The export does not exist.", 404)


def _list(call: Call) -> dict[str, Any]:
    exports = [
        {"ExportArn": _arn(call, name), "ExportName": name, "ExportStatus": _status(manifests)}
        for name, manifests in _manifests(call).items()
    ]
    page, more = call.page(exports, invalid="ValidationException")
    return {"Exports": page, **more}


def _get(call: Call) -> dict[str, Any]:
    name, manifests = _named(call)
    newest = manifests[-1]
    return {
        "Export": {
            "Name": name,
            "ExportArn": _arn(call, name),
            "DataQuery": {
                "QueryStatement": f"SELECT {', '.join(newest['columns'])} FROM {newest['table']}",
                "TableConfigurations": {newest["table"]: {"TIME_GRANULARITY": "DAILY"}},
            },
            "DestinationConfigurations": {
                "S3Destination": {
                    "S3Bucket": BILLING_BUCKET,
                    "S3Prefix": BILLING_PREFIX.rstrip("/"),
                    "S3Region": "us-east-1",
                    "S3OutputConfigurations": {
                        "OutputType": "CUSTOM",
                        "Format": "PARQUET",
                        "Compression": "PARQUET",
                        "Overwrite": "OVERWRITE_REPORT",
                    },
                }
            },
            "RefreshCadence": {"Frequency": "SYNCHRONOUS"},
        },
        "ExportStatus": _status(manifests),
    }


def _list_executions(call: Call) -> dict[str, Any]:
    _, manifests = _named(call)
    executions = [
        {
            "ExecutionId": manifest["billingPeriod"]["start"][:7],
            "ExecutionStatus": {
                "StatusCode": "DELIVERY_SUCCESS",
                "CreatedAt": manifest["written"],
                "CompletedAt": manifest["written"],
                "LastUpdatedAt": manifest["written"],
            },
        }
        for manifest in manifests
    ]
    page, more = call.page(executions, invalid="ValidationException")
    return {"Executions": page, **more}


def _report_definitions(_: Call) -> dict[str, Any]:
    """The sample's company has no legacy reports: its exports are of the FOCUS table."""
    return {"ReportDefinitions": []}


OPERATIONS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {
    "ListExports": _list,
    "GetExport": _get,
    "ListExecutions": _list_executions,
}
REPORTS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {"DescribeReportDefinitions": _report_definitions}
