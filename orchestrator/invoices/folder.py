"""Invoices from files in a folder: FOCUS Invoice Detail as CSV or Parquet, or a CSV of invoice totals.

A table of totals has at least the columns billing account, currency, billing period (2026-10, or its first day) and
amount; invoice id and issuer are read where they are there. Names are taken whatever their case and separators.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

import duckdb

from orchestrator.invoices.source import InvoiceLine
from orchestrator.ledger.duck import connect
from shared_models.errors import InvalidPeriodError, UnreadableExportError
from shared_models.focus.vocabularies import InvoiceIssueStatus
from shared_models.period import ChargePeriod, parse_instant
from shared_models.quoting import literal

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "billing_account_id": ("billingaccountid", "billingaccount", "payer"),
    "currency": ("billingcurrency", "currency"),
    "period": ("billingperiodstart", "billingperiod", "billingmonth"),
    "amount": ("billedcost", "amount", "invoiced"),
    "invoice_id": ("invoiceid",),
    "issuer": ("invoiceissuername", "issuer", "invoiceissuer"),
    "category": ("chargecategory",),
    "status": ("invoiceissuestatus",),
}
_NEEDED: Final = ("billing_account_id", "currency", "period", "amount")
_READERS: Final = {
    ".csv": "SELECT * FROM read_csv({file}, header = true, all_varchar = true)",
    ".parquet": "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM read_parquet({file})",
}
_MONTH: Final = re.compile(r"^\d{4}-\d{2}$")


class InvoiceFolder:
    """Reads the files anew each time: an invoice counts from the moment it is put there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def lines(self, period: ChargePeriod, generation: int) -> Sequence[InvoiceLine]:
        """The lines of that billing period over all files, whatever the generation; none where there is no folder.

        Raises:
            UnreadableExportError: a file lacks a column, or a row has no amount or period.

        """
        if not self._folder.is_dir():
            return ()
        files = sorted(file for file in self._folder.iterdir() if file.suffix.lower() in _READERS)
        return [line for file in files for line in _lines(file, period)]


def _lines(file: Path, period: ChargePeriod) -> list[InvoiceLine]:
    statement = _READERS[file.suffix.lower()].format(file=literal(str(file)))
    try:
        with connect() as connection:
            result = connection.execute(statement)
            columns = [str(column[0]) for column in result.description or ()]
            rows = result.fetchall()
    except duckdb.Error as error:
        raise UnreadableExportError(
            "This invoice cannot be read.", file=file.name, hint="Save it as CSV with a header, or as Parquet."
        ) from error
    places = _places(columns, file)
    found = (
        _line({name: row[at] for name, at in places.items()}, period, file, n) for n, row in enumerate(rows, start=1)
    )
    return [line for line in found if line is not None]


def _places(columns: Sequence[str], file: Path) -> dict[str, int]:
    """Where each of our columns stands."""
    plain = [re.sub(r"[^a-z]", "", column.lower()) for column in columns]
    places = {name: plain.index(key) for name, keys in _NAMES.items() for key in reversed(keys) if key in plain}
    missing = [name for name in _NEEDED if name not in places]
    if missing:
        raise UnreadableExportError(
            f"This invoice has no column for {', '.join(missing)}.",
            file=file.name,
            hint="Columns: invoice id, billing account id, issuer, currency, billing period, amount; or FOCUS's own.",
        )
    return places


def _line(row: Mapping[str, str | None], period: ChargePeriod, file: Path, number: int) -> InvoiceLine | None:
    try:
        start = parse_instant(_first_day(row["period"] or ""))
    except InvalidPeriodError as error:
        raise UnreadableExportError(
            "This is no billing period.", file=file.name, row=number, column="billing period", hint="Write 2026-10."
        ) from error
    if not period.start <= start < period.end or row.get("status") == InvoiceIssueStatus.VOIDED:
        return None
    amount = _amount(row["amount"] or "")
    if amount is None:
        raise UnreadableExportError(
            "This is no amount.", file=file.name, row=number, column="amount", hint="Write 1234.56, without a sign."
        )
    return InvoiceLine(
        billing_account_id=row["billing_account_id"] or "",
        currency=row["currency"] or "",
        amount=amount,
        invoice_id=row.get("invoice_id") or None,
        invoice_issuer_name=row.get("issuer") or None,
        charge_category=row.get("category") or None,
        open=row.get("status") == InvoiceIssueStatus.OPEN,
    )


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _first_day(text: str) -> str:
    return f"{text}-01" if _MONTH.match(text) else text
