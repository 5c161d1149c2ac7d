"""Invoices of live AWS: what the Invoicing API states is what the ledger's invoices come to, and what the bill says."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio.to_thread
import duckdb
import pytest

from servers.aws.invoices import invoices
from servers.aws.live import Live
from servers.aws.settings import AwsSettings
from shared_models.dataset import DatasetName, columns_of
from tests.clouds.aws.endpoint import Endpoint
from tests.servers.aws.conftest import Server, told


@pytest.fixture
def live(aws_here: Endpoint, tmp_path: Path) -> Live:
    return Live(AwsSettings(live=True), tmp_path / "home", lambda: aws_here.now)


async def rows_of(live: Live, out: Path) -> list[dict[str, Any]]:
    [found] = await invoices(live, out)
    [part] = found.parts
    assert (part.name, part.provider, part.rows) == (DatasetName.INVOICE_DETAIL, "aws", found.report.rows_kept)
    return await anyio.to_thread.run_sync(_read, part.path)


def _read(path: str) -> list[dict[str, Any]]:
    with duckdb.connect(":memory:") as connection:
        result = connection.execute(f"SELECT * FROM '{path}'")
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


async def test_invoices_come_to_what_the_ledger_invoiced(live: Live, aws_here: Endpoint, tmp_path: Path) -> None:
    aws_here.page_sizes["invoicing"] = 1
    rows = await rows_of(live, tmp_path / "out")
    aws_here.faults.access_denied("invoicing:*")
    again = await rows_of(live, tmp_path / "out")

    sums: dict[tuple[str, bool], Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["InvoiceId"], row["ChargeCategory"] == "Tax"] += row["BilledCost"]
    truth = {
        (row["id"], row["tax"]): row["total"]
        for row in aws_here.ledger.rows(
            'SELECT "InvoiceId" AS id, "ChargeCategory" = \'Tax\' AS tax, sum("BilledCost") AS total FROM invoice_detail'
            ' WHERE "InvoiceIssueStatus" = \'Issued\' AND "BillingAccountId" = ? GROUP BY ALL',
            [aws_here.ledger.payers[0]],
        )
    }
    assert sums == truth
    assert len({invoice for invoice, _ in truth}) > 1
    assert any(tax for _, tax in truth)
    assert list(rows[0]) == list(columns_of(DatasetName.INVOICE_DETAIL))
    assert {row["InvoiceIssueStatus"] for row in rows} == {"Issued"}
    assert all(row["BillingPeriodStart"] < row["BillingPeriodEnd"] <= row["InvoiceIssueDate"] for row in rows)
    assert again == rows


async def test_a_hand_over_brings_the_invoices(server: Server) -> None:
    answer = await told(server(), "export_costs", bills=False, datasets=["invoice_detail"])

    assert answer["datasets"]["invoice_detail"] > 1
    assert answer["coverage"]["complete"]


async def test_refused_invoices_are_a_gap_with_the_permission(server: Server, aws_here: Endpoint) -> None:
    aws_here.faults.access_denied("invoicing:*")
    answer = await told(server(), "export_costs", bills=False, datasets=["invoice_detail"])

    [gap] = answer["coverage"]["gaps"]
    assert gap["code"] == "permission_denied"
    assert "invoicing:ListInvoiceSummaries" in gap["message"]
