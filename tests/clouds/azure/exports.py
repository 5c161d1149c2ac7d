"""Exports of Cost Management: what they write to storage, how Resource Manager describes them, and their columns.

The FOCUS export is the sample's own. The actual and the amortized one are written from the ledger in the customer
agreement's columns: purchases in full and covered usage at nothing, or the reverse.
"""

import gzip
import json
import shutil
import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from azure.mgmt.costmanagement import models

from tests.clouds.azure.blob import ACCOUNT
from tests.clouds.azure.call import Call, Operation
from tests.clouds.azure.cost_values import Condition
from tests.clouds.azure.errors import not_found
from tests.clouds.azure.ledger import Ledger, identifier
from tests.clouds.azure.scope import scope_of

CONTAINER: Final = "cost-exports"
ROOT: Final = "exports"
FOCUS: Final = "quillhaven-focus-cost"
NATIVE: Final = {"quillhaven-actual-cost": "ActualCost", "quillhaven-amortized-cost": "AmortizedCost"}
_DATE: Final = "'%m/%d/%Y'"


def columns(ledger: Ledger, metric: str) -> Mapping[str, str]:
    """The columns of the customer agreement's cost details, as SQL over `line`."""
    amortized = metric == "AmortizedCost"
    cost, usd = ("effective", "effective_usd") if amortized else ("billed", "billed_usd")
    spent = "benefit_type <> '' AND category = 'Usage'"
    effective = "effective_price" if amortized else f"CASE WHEN {spent} THEN 0 ELSE contracted_price END"
    return {
        "invoiceId": "invoice", "previousInvoiceId": "''", "billingAccountId": f"'{ledger.billing_account}'",
        "billingAccountName": "payer_name", "billingProfileId": f"'{ledger.billing_profile}'",
        "billingProfileName": "payer_name", "invoiceSectionId": "section", "invoiceSectionName": "section",
        "resellerName": "''", "resellerMpnId": "''", "costCenter": "cost_centre",
        "billingPeriodEndDate": f"strftime(billing_end - INTERVAL 1 DAY, {_DATE})",
        "billingPeriodStartDate": f"strftime(billing_month, {_DATE})", "servicePeriodEndDate": f"strftime(day, {_DATE})",
        "servicePeriodStartDate": f"strftime(day, {_DATE})", "date": f"strftime(day, {_DATE})",
        "serviceFamily": "family", "productOrderId": "''", "productOrderName": "''", "consumedService": "split_part(resource_type, '/', 1)",
        "meterId": "meter_id", "meterName": "meter", "meterCategory": "service", "meterSubCategory": "subcategory",
        "meterRegion": "region_name", "ProductId": "sku_id", "ProductName": "product",
        "SubscriptionId": "subscription", "subscriptionName": "subscription_name", "publisherType": "publisher_type",
        "publisherId": "''", "publisherName": "publisher", "resourceGroupName": "resource_group", "ResourceId": "resource_id",
        "resourceLocation": "region_id", "location": "region_name", "effectivePrice": effective, "quantity": "quantity",
        "unitOfMeasure": "unit", "chargeType": "charge_type", "billingCurrency": "currency", "pricingCurrency": "'USD'",
        "costInBillingCurrency": cost, "costInPricingCurrency": usd, "costInUsd": usd,
        "paygCostInBillingCurrency": "list_cost", "paygCostInUsd": "round(list_cost / rate, 12)",
        "exchangeRatePricingToBilling": "rate", "exchangeRateDate": f"strftime(billing_month, {_DATE})",
        "isAzureCreditEligible": "CASE WHEN creditable THEN 'True' ELSE 'False' END", "serviceInfo1": "''",
        "serviceInfo2": "''", "additionalInfo": "''", "tags": "tags", "PayGPrice": "list_price", "frequency": "frequency",
        "term": "''", "reservationId": "CASE benefit_type WHEN 'Reservation' THEN benefit_id ELSE '' END",
        "reservationName": "CASE benefit_type WHEN 'Reservation' THEN benefit_name ELSE '' END",
        "pricingModel": "pricing_model", "unitPrice": "contracted_price", "costAllocationRuleName": "''",
        "benefitId": "benefit_id", "benefitName": "benefit_name", "provider": "'Azure'",
    }  # fmt: skip


def counted(metric: str) -> str:
    """Which lines a report of this metric has: no unused commitment in actual cost, no purchase of one in amortized."""
    if metric == "AmortizedCost":
        return "NOT (category = 'Purchase' AND benefit_id <> '' AND effective = 0)"
    return "charge_type NOT IN ('UnusedReservation', 'UnusedSavingsPlan')"


def write_csv(ledger: Ledger, metric: str, where: Condition, file: Path) -> int:
    """Write a report of cost details as CSV; returns its rows."""
    selected = ", ".join(f'{sql} AS "{name}"' for name, sql in columns(ledger, metric).items())
    with ledger.connection.cursor() as cursor:
        cursor.execute(
            f"COPY (SELECT {selected} FROM line WHERE {counted(metric)} AND ({where.sql}) ORDER BY number)"
            f" TO '{file}' (HEADER, DELIMITER ',')",
            list(where.values),
        )
        [(rows,)] = cursor.fetchall()
    return int(rows)


def write_containers(ledger: Ledger, folder: Path) -> dict[str, Path]:
    """The storage account's containers, written from the sample."""
    container = folder / CONTAINER
    shutil.copytree(ledger.folder / "costs" / FOCUS, container / ROOT / FOCUS)
    for export, metric in NATIVE.items():
        for row in ledger.rows("SELECT DISTINCT billing_month AS month, billing_end FROM line ORDER BY 1"):
            _write_run(ledger, container, export, metric, row["month"].date(), row["billing_end"].date())
    return {CONTAINER: container}


def _write_run(ledger: Ledger, container: Path, export: str, metric: str, month: date, end: date) -> None:
    last = end - timedelta(days=1)
    run = str(uuid.UUID(identifier(export, month)))
    folder = container / ROOT / export / f"{month:%Y%m%d}-{last:%Y%m%d}" / run
    folder.mkdir(parents=True)
    blobs: list[dict[str, Any]] = []
    for part in range(2):
        plain = folder / f"part_{part}_0001.csv"
        rows = write_csv(ledger, metric, Condition("billing_month = ? AND number % 2 = ?", [month, part]), plain)
        file = plain.with_suffix(".csv.gz")
        file.write_bytes(gzip.compress(plain.read_bytes(), 4, mtime=0))
        plain.unlink()
        name = file.relative_to(container).as_posix()
        blobs.append({"blobName": name, "byteCount": file.stat().st_size, "dataRowCount": rows})
    made = min(end + timedelta(days=5), ledger.as_of.date())
    manifest = {
        "manifestVersion": "2024-04-01", "byteCount": sum(one["byteCount"] for one in blobs), "blobCount": len(blobs),
        "dataRowCount": sum(one["dataRowCount"] for one in blobs),
        "exportConfig": {
            "exportName": export, "resourceId": f"{ledger.payers[0]}/providers/Microsoft.CostManagement/exports/{export}",
            "dataVersion": "2021-10-01", "apiVersion": "2025-03-01", "type": metric, "timeFrame": "Custom", "granularity": "Daily",
        },
        "deliveryConfig": {
            "partitionData": True, "dataOverwriteBehavior": "CreateNewReport", "fileFormat": "Csv", "compressionMode": "gzip",
            "containerUri": f"/storageAccounts/{ACCOUNT}", "rootFolderPath": ROOT,
        },
        "runInfo": {
            "executionType": "Scheduled", "submittedTime": f"{made}T04:12:31.0000000Z", "runId": run,
            "startDate": f"{month}T00:00:00", "endDate": f"{last}T00:00:00",
        },
        "blobs": blobs,
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")


def listed(call: Call) -> dict[str, Any]:
    """GET exports: those of the billing profile; no other scope has one."""
    scope = scope_of(call, call.names["scope"])
    own = (FOCUS, *NATIVE) if scope.kind == "billingProfile" else ()
    return {"value": [_export(call, scope.id, name) for name in own]}


def one(call: Call) -> dict[str, Any]:
    """GET one export; `$expand=runHistory` adds its runs."""
    scope = scope_of(call, call.names["scope"])
    name = call.names["exportName"]
    if scope.kind != "billingProfile" or name not in {FOCUS, *NATIVE}:
        raise not_found(f"Export {name}")
    said = _export(call, scope.id, name)
    if "runhistory" in call.query.get("$expand", "").lower():
        said["properties"]["runHistory"] = {"value": _runs(call, scope.id, name)}
    return said


def history(call: Call) -> dict[str, Any]:
    """GET runHistory of one export."""
    scope = scope_of(call, call.names["scope"])
    return {"value": _runs(call, scope.id, call.names["exportName"])}


def _export(call: Call, scope: str, name: str) -> dict[str, Any]:
    subscription = call.ledger.subscriptions[0].id
    account = (
        f"/subscriptions/{subscription}/resourceGroups/rg-finops/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"
    )
    return {
        "id": f"/{scope}/providers/Microsoft.CostManagement/exports/{name}", "name": name,
        "type": "Microsoft.CostManagement/exports", "eTag": '"1d4ff9fe66f1d10"',
        "properties": {
            "format": "Csv", "partitionData": True, "compressionMode": "gzip", "dataOverwriteBehavior": "CreateNewReport",
            "deliveryInfo": {"destination": {"resourceId": account, "container": CONTAINER, "rootFolderPath": ROOT, "type": "AzureBlob"}},
            "definition": {
                "type": NATIVE.get(name, "FocusCost"), "timeframe": "MonthToDate",
                "dataSet": {"granularity": "Daily", "configuration": {"dataVersion": "1.2-preview" if name == FOCUS else "2021-10-01"}},
            },
            "schedule": {
                "status": "Active", "recurrence": "Daily",
                "recurrencePeriod": {"from": "2025-01-01T00:00:00Z", "to": "2030-12-31T00:00:00Z"},
            },
        },
    }  # fmt: skip


def _runs(call: Call, scope: str, name: str) -> list[dict[str, Any]]:
    folder = call.endpoint.containers[CONTAINER] / ROOT / name
    found: list[dict[str, Any]] = []
    for file in sorted(folder.glob("*/*/manifest.json")):
        said = json.loads(file.read_text(encoding="utf-8"))
        run = said["runInfo"]
        submitted = run["submittedTime"].replace(".0000000Z", "Z")
        found.append(
            {
                "id": f"/{scope}/providers/Microsoft.CostManagement/exports/{name}/run/{run['runId']}",
                "name": run["runId"],
                "type": "Microsoft.CostManagement/exports/run",
                "properties": {
                    "executionType": "Scheduled",
                    "status": "Completed",
                    "submittedBy": "System",
                    "submittedTime": submitted,
                    "processingStartTime": submitted,
                    "processingEndTime": submitted,
                    "fileName": file.relative_to(call.endpoint.containers[CONTAINER]).parent.as_posix(),
                    "manifestFile": file.relative_to(call.endpoint.containers[CONTAINER]).as_posix(),
                    "startDate": f"{run['startDate']}Z",
                    "endDate": f"{run['endDate']}Z",
                },
            }
        )
    return sorted(found, key=lambda one: one["properties"]["submittedTime"], reverse=True)


_BASE: Final = "/{scope}/providers/Microsoft.CostManagement/exports"
OPERATIONS: Final = (
    Operation("costmanagement:Exports", "GET", _BASE, listed, reply=models.ExportListResult, query=frozenset({"$expand"})),
    Operation("costmanagement:ExportRuns", "GET", _BASE + "/{exportName}/runHistory", history, reply=models.ExportExecutionListResult),
    Operation("costmanagement:Export", "GET", _BASE + "/{exportName}", one, reply=models.Export, query=frozenset({"$expand"})),
)  # fmt: skip
