"""Invoices of the ledger are read as a generation had them; a total of the owner's folder comes before them."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from orchestrator.business.config import BusinessConfig
from orchestrator.invoices.booked import BookedInvoices, EveryInvoice
from orchestrator.invoices.folder import InvoiceFolder
from orchestrator.invoices.reconcile import BillQuestion, reconcile
from orchestrator.ledger.datasets import Datasets
from orchestrator.ledger.ledger import Ledger
from orchestrator.query.engine import QueryEngine
from servers.kit.datasets.focus_files import convert_datasets
from servers.kit.exports.convert import ConvertOptions
from tests.builders import NOW, OCTOBER, cost_row, export_part
from tests.focus_datasets import INVOICE, write


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "ledger")
    yield opened
    opened.close()


def booked(ledger: Ledger, folder: Path, amount: str) -> int:
    row = {
        **INVOICE,
        "BilledCost": amount,
        "BillingAccountId": "100",
        "BillingPeriodStart": "2026-10-01T00:00:00Z",
        "BillingPeriodEnd": "2026-11-01T00:00:00Z",
    }
    file = write(folder / f"{amount}.jsonl", [row])
    [found] = convert_datasets(file, folder / "out", provider="aws", options=ConvertOptions(source_key="erp"))
    Datasets(ledger).book(found.parts, now=NOW, reason="test")
    return ledger.snapshot().generation


def test_a_restated_invoice_is_read_as_its_generation_had_it(ledger: Ledger, tmp_path: Path) -> None:
    source = BookedInvoices(lambda: Datasets(ledger))
    before = booked(ledger, tmp_path, "10")
    after = booked(ledger, tmp_path, "12")

    assert [line.amount for line in source.lines(OCTOBER, before)] == [Decimal(10)]
    assert [line.amount for line in source.lines(OCTOBER, after)] == [Decimal(12)]


def test_a_total_without_an_id_in_the_folder_states_the_payers_invoices_once(ledger: Ledger, tmp_path: Path) -> None:
    at = booked(ledger, tmp_path, "10")
    (tmp_path / "invoices").mkdir()
    (tmp_path / "invoices" / "own.csv").write_text(
        "billing account,currency,billing period,amount\n100,EUR,2026-10,11\n"
    )
    every = EveryInvoice(InvoiceFolder(tmp_path / "invoices"), BookedInvoices(lambda: Datasets(ledger)))

    [line] = every.lines(OCTOBER, at)
    assert (line.amount, line.instead_of) == (Decimal(11), Decimal(10))
    ledger.adopt([export_part(tmp_path / "in", [cost_row(Cost="11", BillingCurrency="EUR")])], [], now=NOW, reason="t")
    answer = reconcile(QueryEngine(ledger, BusinessConfig()), every, BillQuestion(billing_period=OCTOBER))
    told = "Payer 100, EUR, a total without an invoice id: the invoices folder is read, and not the Invoice Detail"
    assert [note for note in answer.notes if note.startswith(told) and note.endswith("(10.00).")]


def test_an_invoice_that_only_the_ledger_has_replaces_nothing(ledger: Ledger, tmp_path: Path) -> None:
    at = booked(ledger, tmp_path, "10")
    (tmp_path / "invoices").mkdir()
    (tmp_path / "invoices" / "own.csv").write_text(
        "billing account,currency,billing period,amount\n100,USD,2026-10,11\n"
    )
    every = EveryInvoice(InvoiceFolder(tmp_path / "invoices"), BookedInvoices(lambda: Datasets(ledger)))

    assert [(line.amount, line.instead_of) for line in every.lines(OCTOBER, at)] == [(11, None), (10, None)]
