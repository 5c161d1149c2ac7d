"""Invoices from files: FOCUS's own columns or a plain table, exact, and refused with the place where they are wrong."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestrator.invoices.folder import InvoiceFolder
from shared_models.errors import UnreadableExportError
from tests.builders import OCTOBER, SEPTEMBER

TABLE = (
    "Invoice ID,Billing Account,Issuer,Currency,Billing Period,Amount\n"
    "I-1,100,AWS,USD,2026-10,1234.56\nI-0,100,AWS,USD,2026-09,1000.00\n"
)


def test_a_plain_table_gives_the_lines_of_its_month(tmp_path: Path) -> None:
    (tmp_path / "october.csv").write_text(TABLE)

    [line] = InvoiceFolder(tmp_path).lines(OCTOBER, 0)

    assert (line.invoice_id, line.billing_account_id, line.invoice_issuer_name) == ("I-1", "100", "AWS")
    assert (line.amount, line.currency) == (Decimal("1234.56"), "USD")
    assert [line.amount for line in InvoiceFolder(tmp_path).lines(SEPTEMBER, 0)] == [Decimal(1000)]


def test_focus_invoice_detail_is_read_with_its_status_and_without_voided_lines(tmp_path: Path) -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute(
            "COPY (SELECT CAST(c AS DECIMAL(30,12)) AS BilledCost, '100' AS BillingAccountId, 'USD' AS BillingCurrency,"
            " TIMESTAMP '2026-10-01' AS BillingPeriodStart, 'Usage' AS ChargeCategory, 'I-1' AS InvoiceId,"
            " s AS InvoiceIssueStatus, 'AWS' AS InvoiceIssuerName FROM (VALUES ('10.01', 'Issued'), ('2.5', 'Open'),"
            f" ('99', 'Voided')) AS v (c, s)) TO '{tmp_path}/detail.parquet' (FORMAT parquet)"
        )

    lines = InvoiceFolder(tmp_path).lines(OCTOBER, 0)

    assert [(line.amount, line.open, line.charge_category) for line in lines] == [
        (Decimal("10.01"), False, "Usage"),
        (Decimal("2.5"), True, "Usage"),
    ]


def test_without_a_folder_there_are_no_invoices(tmp_path: Path) -> None:
    assert list(InvoiceFolder(tmp_path / "nothing").lines(OCTOBER, 0)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Invoice ID,Currency\nI-1,USD\n", "no column for billing_account_id, period, amount"),
        (TABLE.replace("1234.56", "1.234,56 USD"), "no amount"),
        (TABLE.replace("1234.56", "NaN"), "no amount"),
        (TABLE.replace("2026-10,", "October,"), "no billing period"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "october.csv").write_text(text.replace("1.234,56 USD", '"1.234,56 USD"'))

    with pytest.raises(UnreadableExportError, match=said) as caught:
        InvoiceFolder(tmp_path).lines(OCTOBER, 0)

    assert "october.csv" in caught.value.message
