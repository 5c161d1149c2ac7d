"""One ledger behind every reply: Query, cost details, exports and the answer key agree to the cent."""

import csv
import gzip
import io
import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from azure.core.rest import HttpRequest
from azure.mgmt.costmanagement import CostManagementClient
from azure.storage.blob import BlobClient, BlobServiceClient, ContainerClient

from tests.clouds.azure.endpoint import Endpoint
from tests.clouds.azure.exports import CONTAINER, ROOT

Costs = dict[tuple[str, str, str], Decimal]
MONTHS = (("2026-09-01", "2026-09-30"), ("2026-10-01", "2026-10-31"), ("2026-11-01", "2026-11-24"))


def cents(found: Costs) -> Costs:
    return {key: rounded for key, amount in found.items() if (rounded := round(amount, 2))}


def scope_of(azure: Endpoint) -> str:
    return azure.ledger.payers[0].strip("/")


def by_query(azure: Endpoint, metric: str) -> Costs:
    """Cost by month, subscription and service, page by page: the SDK does not follow the link, so the body is posted again."""
    body = {
        "type": metric, "timeframe": "Custom",
        "timePeriod": {"from": "2026-09-01T00:00:00Z", "to": "2026-11-24T23:59:59Z"},
        "dataset": {
            "granularity": "Monthly", "aggregation": {"totalCost": {"name": "Cost", "function": "Sum"}},
            "grouping": [{"type": "Dimension", "name": "SubscriptionId"}, {"type": "Dimension", "name": "ServiceName"}],
        },
    }  # fmt: skip
    found: Costs = defaultdict(Decimal)
    with CostManagementClient(azure.credential(), **azure.arm()) as client:
        answer = client.query.usage(scope_of(azure), body)
        names, rows, link = [one.name for one in answer.columns], list(answer.rows), answer.next_link
        while link:
            assert link.startswith(azure.url)
            said = client.send_request(HttpRequest("POST", link, json=body)).json()["properties"]
            rows, link = rows + said["rows"], said["nextLink"]
    for row in rows:
        cell = dict(zip(names, row, strict=True))
        found[cell["BillingMonth"][:7], cell["SubscriptionId"], cell["ServiceName"]] += Decimal(str(cell["Cost"]))
    return found


def summed(found: Costs, text: str) -> None:
    for row in csv.DictReader(io.StringIO(text)):
        month, _, year = row["date"].split("/")
        key = (f"{year}-{month}", row["SubscriptionId"], row["meterCategory"])
        found[key] += Decimal(row["costInBillingCurrency"])


def by_cost_details(azure: Endpoint, metric: str) -> Costs:
    found: Costs = defaultdict(Decimal)
    with CostManagementClient(azure.credential(), polling_interval=0, **azure.arm()) as client:
        for start, end in MONTHS:
            asked = {"metric": metric, "timePeriod": {"start": start, "end": end}}
            report = client.generate_cost_details_report.begin_create_operation(scope_of(azure), asked).result()
            for blob in report.manifest.blobs:
                with BlobClient.from_blob_url(blob.blob_link, connection_verify=azure.certificate.authority) as source:
                    summed(found, source.download_blob().readall().decode())
    return found


def by_export(azure: Endpoint, export: str) -> Costs:
    found: Costs = defaultdict(Decimal)
    with storage(azure) as container:
        for manifest in manifests(container, export):
            for part in manifest["blobs"]:
                data = container.download_blob(part["blobName"]).readall()
                assert len(data) == part["byteCount"]
                summed(found, gzip.decompress(data).decode())
    return found


def storage(azure: Endpoint) -> ContainerClient:
    service = BlobServiceClient(azure.account_url, azure.credential(), connection_verify=azure.certificate.authority)
    return service.get_container_client(CONTAINER)


def manifests(container: ContainerClient, export: str) -> list[dict]:
    names = [name for name in container.list_blob_names(name_starts_with=f"{ROOT}/{export}/") if name.endswith(".json")]
    return [json.loads(container.download_blob(name).readall()) for name in names]


def by_focus_export(azure: Endpoint, column: str) -> Costs:
    found: Costs = defaultdict(Decimal)
    with storage(azure) as container:
        newest: dict[str, dict] = {}
        for manifest in sorted(
            manifests(container, "quillhaven-focus-cost"), key=lambda one: one["runInfo"]["submittedTime"]
        ):
            newest[manifest["runInfo"]["startDate"]] = manifest
        for part in (part for manifest in newest.values() for part in manifest["blobs"]):
            text = gzip.decompress(container.download_blob(part["blobName"]).readall()).decode()
            for row in csv.DictReader(io.StringIO(text)):
                key = (row["ChargePeriodStart"][:7], row["SubAccountId"].rpartition("/")[2], row["ServiceName"])
                found[key] += Decimal(row[column])
    return found


@pytest.mark.parametrize(
    ("metric", "export", "column"),
    [
        ("ActualCost", "quillhaven-actual-cost", "BilledCost"),
        ("AmortizedCost", "quillhaven-amortized-cost", "EffectiveCost"),
    ],
)
def test_query_cost_details_and_exports_agree_to_the_cent(
    azure: Endpoint, metric: str, export: str, column: str
) -> None:
    azure.page_sizes["query"] = 20

    asked = cents(by_query(azure, metric))

    assert asked == cents(by_cost_details(azure, metric))
    assert asked == cents(by_export(azure, export))
    assert asked == cents(by_focus_export(azure, column))
    assert len(asked) > 30
    assert len(azure.calls("costmanagement:Query")) > 2


def test_query_agrees_with_the_answer_key(azure: Endpoint, azure_sample: Path) -> None:
    total = sum(by_query(azure, "ActualCost").values())

    with duckdb.connect(":memory:") as connection:
        [(expected,)] = connection.execute(
            f"SELECT sum(billed_cost) FROM read_csv('{azure_sample}/answer-key/totals.csv', all_varchar=false,"
            " types={'billing_account_id': 'VARCHAR', 'billed_cost': 'DECIMAL(38,12)'}) WHERE billing_account_id = ?",
            [azure.ledger.payers[0]],
        ).fetchall()
    assert abs(total - expected) < Decimal("0.000001")
