"""Files of the FOCUS datasets beside Cost and Usage, as a provider would write them; a test names what it is about."""

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from shared_models.dataset import DatasetName

Row = Mapping[str, str | None]

INVOICE: Row = {
    "BilledCost": "100.25", "BillingAccountId": "b1", "BillingCurrency": "EUR",
    "BillingPeriodStart": "2026-10-01T00:00:00Z", "BillingPeriodEnd": "2026-11-01T00:00:00Z", "ChargeCategory": "Usage",
    "InvoiceDetailCreated": "2026-11-02T08:00:00Z", "InvoiceDetailDescription": "Größe 数据", "InvoiceDetailGrain":
    '{"ServiceName":"Compute"}', "InvoiceDetailId": "L-1", "InvoiceDetailLastUpdated": "2026-11-02T08:00:00Z",
    "InvoiceId": "I-10", "InvoiceIssueDate": "2026-11-03T00:00:00Z", "InvoiceIssueStatus": "Issued",
    "InvoiceIssuerName": "Microsoft", "PaymentDueDate": "2026-12-03T00:00:00Z", "PaymentTerms": "Net 30",
    "ReferenceInvoiceId": "I-10",
}  # fmt: skip

COMMITMENT_1_3: Row = {
    "BillingCurrency": "USD", "ContractCommitmentCategory": "Spend", "ContractCommitmentCost": "876000",
    "ContractCommitmentDescription": None, "ContractCommitmentId": "sp-1",
    "ContractCommitmentPeriodStart": "2026-01-01T00:00:00Z", "ContractCommitmentPeriodEnd": "2027-01-01T00:00:00Z",
    "ContractCommitmentQuantity": None, "ContractCommitmentType": "Savings Plan", "ContractCommitmentUnit": None,
    "ContractId": "sp-1", "ContractPeriodStart": "2026-01-01T00:00:00Z", "ContractPeriodEnd": "2027-01-01T00:00:00Z",
}  # fmt: skip

COMMITMENT: Row = {
    **COMMITMENT_1_3, "ContractCommitmentApplicability": '{"IsGlobalScope":true}',
    "ContractCommitmentBenefitCategory": "Discount", "ContractCommitmentCreated": "2025-12-30T00:00:00Z",
    "ContractCommitmentDiscountPercentage": "0.28", "ContractCommitmentDurationType": "1 Year",
    "ContractCommitmentFulfillmentInterval": "Hourly", "ContractCommitmentLastUpdated": "2026-11-01T00:00:00Z",
    "ContractCommitmentLifecycleStatus": "Active", "ContractCommitmentModel": "Continuous",
    "ContractCommitmentOfferCategory": "Public", "ContractCommitmentPaymentInterval": "Monthly",
    "ContractCommitmentPaymentModel": "No Upfront", "InvoiceIssuerName": "Amazon Web Services, Inc.",
    "ServiceProviderName": "AWS",
}  # fmt: skip

PERIOD: Row = {
    "BillingPeriodCreated": "2026-10-01T00:00:00Z", "BillingPeriodStart": "2026-10-01T00:00:00Z",
    "BillingPeriodEnd": "2026-11-01T00:00:00Z", "BillingPeriodLastUpdated": "2026-11-03T00:00:00Z",
    "BillingPeriodStatus": "Closed", "InvoiceIssuerName": "Google Cloud EMEA Limited",
}  # fmt: skip

SAMPLES: Mapping[DatasetName, Row] = {
    DatasetName.INVOICE_DETAIL: INVOICE,
    DatasetName.CONTRACT_COMMITMENT: COMMITMENT,
    DatasetName.BILLING_PERIOD: PERIOD,
}


def write(file: Path, rows: Sequence[Row]) -> Path:
    """The rows as CSV, CSV.GZ, JSON lines or Parquet, by the file's name."""
    file.parent.mkdir(parents=True, exist_ok=True)
    names = list(dict.fromkeys(name for row in rows for name in row))
    if file.suffix == ".parquet":
        _parquet(file, names, rows)
        return file
    text = io.StringIO()
    if ".csv" in file.name:
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        writer.writerows(rows)
    else:
        text.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    data = text.getvalue().encode()
    file.write_bytes(gzip.compress(data) if file.suffix == ".gz" else data)
    return file


def _parquet(file: Path, names: Sequence[str], rows: Sequence[Row]) -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"CREATE TABLE written ({', '.join(f'{name} VARCHAR' for name in names)})")
        marks = ", ".join("?" for _ in names)
        connection.executemany(
            f"INSERT INTO written VALUES ({marks})", [[row.get(name) for name in names] for row in rows]
        )
        connection.execute(f"COPY written TO '{file}' (FORMAT parquet)")
