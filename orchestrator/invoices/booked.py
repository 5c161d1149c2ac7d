"""Invoices that the ledger holds as FOCUS Invoice Detail, and those of the owner's folder beside them."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from orchestrator.invoices.source import InvoiceLine, InvoiceSource
from orchestrator.ledger.datasets import Datasets
from shared_models.dataset import DatasetName
from shared_models.focus.vocabularies import InvoiceIssueStatus
from shared_models.period import ChargePeriod


class BookedInvoices:
    """The Invoice Detail lines that count, of every provider."""

    def __init__(self, datasets: Callable[[], Datasets]) -> None:
        self._datasets = datasets

    def lines(self, period: ChargePeriod, generation: int) -> Sequence[InvoiceLine]:
        """The lines of that billing period, in the order in which they were booked.

        Raises:
            LedgerCorruptError: a file of the ledger cannot be read.
            SnapshotExpiredError: the invoices of that generation were forgotten.

        """
        datasets = self._datasets()
        rows = datasets.items(*datasets.at(DatasetName.INVOICE_DETAIL, generation))
        return [_line(row) for row in rows if period.start <= row["BillingPeriodStart"] < period.end and _is_valid(row)]


class EveryInvoice:
    """Several sources; an invoice that two of them state is taken from the first."""

    def __init__(self, *sources: InvoiceSource) -> None:
        self._sources = sources

    def lines(self, period: ChargePeriod, generation: int) -> Sequence[InvoiceLine]:
        """The lines of that billing period over all sources.

        Raises:
            UnreadableExportError: an invoice is there and cannot be read.
            LedgerCorruptError: a file of the ledger cannot be read.

        """
        found: list[InvoiceLine] = []
        for source in self._sources:
            stated = {(line.billing_account_id, line.currency, line.invoice_id) for line in found}
            found += [line for line in source.lines(period, generation) if not _is_stated(line, stated)]
        return found


def _is_stated(line: InvoiceLine, stated: set[tuple[str, str, str | None]]) -> bool:
    """A table of totals may know no invoice ids: then it states all invoices of its payer and currency."""
    payer = line.billing_account_id, line.currency
    return (*payer, line.invoice_id) in stated or (*payer, None) in stated


def _is_valid(row: dict[str, Any]) -> bool:
    return row.get("InvoiceIssueStatus") != InvoiceIssueStatus.VOIDED


def _line(row: dict[str, Any]) -> InvoiceLine:
    return InvoiceLine(
        billing_account_id=row["BillingAccountId"],
        currency=row["BillingCurrency"],
        amount=Decimal(row["BilledCost"]),
        invoice_id=row.get("InvoiceId"),
        invoice_issuer_name=row.get("InvoiceIssuerName"),
        charge_category=row.get("ChargeCategory"),
        open=row.get("InvoiceIssueStatus") == InvoiceIssueStatus.OPEN,
    )
