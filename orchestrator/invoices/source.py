"""Where invoices come from: a port that any source of invoice lines fills."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from shared_models.period import ChargePeriod


@dataclass(frozen=True)
class InvoiceLine:
    """One line of an invoice, in the words of FOCUS Invoice Detail; a total alone is an invoice of one line."""

    billing_account_id: str
    currency: str
    amount: Decimal
    invoice_id: str | None = None
    invoice_issuer_name: str | None = None
    charge_category: str | None = None
    open: bool = False
    """True while the invoice is not issued: FOCUS InvoiceIssueStatus Open."""
    instead_of: Decimal | None = None
    """What a later source says of the same invoices, which this line stands in for."""


class InvoiceSource(Protocol):
    """Gives the invoice lines of a billing period."""

    def lines(self, period: ChargePeriod, generation: int) -> Sequence[InvoiceLine]:
        """The lines of all invoices of that billing period, in a stable order, as the ledger knew them in a generation.

        Raises:
            UnreadableExportError: an invoice is there and cannot be read.

        """
        ...
