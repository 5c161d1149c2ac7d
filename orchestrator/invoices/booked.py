"""Invoices that the ledger holds as FOCUS Invoice Detail, and those of the owner's folder beside them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
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
    """Several sources; an invoice that two of them state is taken from the first, which says so."""

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
            further = source.lines(period, generation)
            found = [_instead_of(line, first, further) for line, first in _with_first(found)] + [
                line for line in further if not any(_states(former, line) for former in found)
            ]
        return found


def _states(line: InvoiceLine, other: InvoiceLine) -> bool:
    """A table of totals may know no invoice ids: then it states all invoices of its payer and currency."""
    same_payer = (line.billing_account_id, line.currency) == (other.billing_account_id, other.currency)
    return same_payer and line.invoice_id in {None, other.invoice_id}


def _with_first(lines: Sequence[InvoiceLine]) -> list[tuple[InvoiceLine, bool]]:
    """Each line, and whether it is the first one of its invoice: what it replaces is told once."""
    keys = [(line.billing_account_id, line.currency, line.invoice_id) for line in lines]
    return [(line, keys.index(key) == at) for at, (line, key) in enumerate(zip(lines, keys, strict=True))]


def _instead_of(line: InvoiceLine, first: bool, further: Sequence[InvoiceLine]) -> InvoiceLine:  # noqa: FBT001
    replaced = [other.amount for other in further if first and _states(line, other)]
    return replace(line, instead_of=sum(replaced, Decimal(0))) if replaced else line


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
