"""The invoices that AWS issued, by its Invoicing API, as FOCUS Invoice Detail: a line of tax and one of the rest."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from servers.aws.inventory.fields import instant
from servers.aws.live import Live
from servers.aws.outlook.payers import of_payers
from servers.kit.live.threads import off_loop
from shared_models.coverage import Gap
from shared_models.dataset import DatasetName
from shared_models.errors import UpstreamUnavailableError
from shared_models.export import ConvertedDataset, ImportReport, SourceFormat
from shared_models.money import plain
from shared_models.period import month_start
from shared_models.untrusted import safe_text

_KEPT_FOR: Final = timedelta(hours=12)
_MONTHS: Final = 13
_CHARGES: Final = {"INVOICE": "Usage", "CREDIT_MEMO": "Credit"}
"""Documents that change what is owed, and the category of what is not tax in them; a receipt changes nothing."""
_SOURCE: Final = "AWS Invoicing"
Row = dict[str, str | None]


async def invoices(live: Live, out: Path) -> tuple[ConvertedDataset, ...]:
    """The invoices of the last thirteen billing periods, of every payer; one that refuses is in the report's notes.

    Raises:
        FinOpsError: no payer told anything; the last one's reason.
        UnreadableExportError: the disk refused.

    """

    async def ask(payer: str) -> list[Row]:
        async def summaries() -> str:
            return json.dumps(await off_loop(_summaries, live, payer), default=_text)

        kept = await live.answers.get(f"invoices of {payer} {live.clock():%Y-%m}", _KEPT_FOR, summaries)
        return [row for said in json.loads(kept.body) for row in _rows(said)]

    told, gaps, problem = await of_payers(live, "invoices", ask)
    if problem is not None and not told:
        raise problem
    rows = [row for each in told for row in each]
    return (await off_loop(_converted, rows, gaps, out),) if rows else ()


def _summaries(live: Live, payer: str) -> list[Mapping[str, Any]]:
    now = live.clock()
    found: list[Mapping[str, Any]] = []
    for back in range(_MONTHS):
        month = month_start(now.year, now.month - back)
        asked: dict[str, Any] = {
            "Selector": {"ResourceType": "ACCOUNT_ID", "Value": payer},
            "Filter": {"BillingPeriod": {"Month": month.month, "Year": month.year}},
        }
        tokens: set[str] = set()
        while True:
            page = live.asked("invoicing", "list_invoice_summaries", payer, asked)
            found += page["InvoiceSummaries"]
            token = page.get("NextToken")
            if not token:
                break
            if token in tokens:
                raise UpstreamUnavailableError("AWS gave the same page of invoices twice.", hint="Repeat it.")
            tokens.add(token)
            asked = {**asked, "NextToken": token}
    return found


def _rows(said: Mapping[str, Any]) -> Iterator[Row]:
    """What one document says: its tax, and everything else, which the API does not tell apart."""
    if said.get("InvoiceType", "INVOICE") not in _CHARGES:
        return
    figures = said["BaseCurrencyAmount"]
    before = Decimal(figures["TotalAmountBeforeTax"])
    tax = Decimal(figures["TotalAmount"]) - before
    category = _CHARGES[said.get("InvoiceType", "INVOICE")]
    yield _row(said, "charges", category, before, "All charges before tax (the API does not tell them apart)")
    if tax:
        yield _row(said, "tax", "Tax", tax, "Tax")


def _row(said: Mapping[str, Any], part: str, category: str, amount: Decimal, description: str) -> Row:
    period = said["BillingPeriod"]
    issued, due = instant(said.get("IssuedDate")), instant(said.get("DueDate"))
    invoice = str(said["InvoiceId"])
    stated = _time(issued or month_start(period["Year"], period["Month"] + 1))
    entity: Mapping[str, Any] = said.get("Entity") or {}
    purchase_order = said.get("PurchaseOrderNumber")
    return {
        "BilledCost": plain(amount),
        "BillingAccountId": said["AccountId"],
        "BillingCurrency": said["BaseCurrencyAmount"]["CurrencyCode"],
        "BillingPeriodStart": _time(month_start(period["Year"], period["Month"])),
        "BillingPeriodEnd": _time(month_start(period["Year"], period["Month"] + 1)),
        "ChargeCategory": category,
        "InvoiceDetailCreated": stated,
        "InvoiceDetailDescription": description,
        "InvoiceDetailId": f"{invoice}-{part}",
        "InvoiceDetailLastUpdated": stated,
        "InvoiceId": invoice,
        "InvoiceIssueDate": issued and _time(issued),
        "InvoiceIssueStatus": "Issued",
        "InvoiceIssuerName": safe_text(str(entity.get("InvoicingEntity") or "Amazon Web Services")),
        "PaymentDueDate": due and _time(due),
        "PaymentTerms": f"Net {(due - issued).days}" if issued and due else "Not told",
        "PurchaseOrderNumber": safe_text(purchase_order) if purchase_order else None,
        "ReferenceInvoiceId": said.get("OriginalInvoiceId") or invoice,
        "x_Provider": "aws",
        "x_SourceFormat": SourceFormat.API.value,
    }


def _converted(rows: list[Row], gaps: tuple[Gap, ...], out: Path) -> ConvertedDataset:
    from servers.kit.datasets.files import Origin  # noqa: PLC0415 - a server starts without DuckDB
    from servers.kit.datasets.items import part_of_rows  # noqa: PLC0415

    part = part_of_rows(rows, Origin(DatasetName.INVOICE_DETAIL, "aws", _SOURCE, None), out)
    report = ImportReport(
        dataset=DatasetName.INVOICE_DETAIL,
        path=_SOURCE,
        provider="aws",
        source_format=SourceFormat.API,
        source_key=_SOURCE,
        files=0,
        rows_read=len(rows),
        rows_kept=len(rows),
        rows_rejected=0,
        rejections=(),
        residuals=(),
        notes=tuple(gap.message for gap in gaps),
    )
    return ConvertedDataset(parts=(part,), report=report)


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _text(said: Any) -> str:
    return said.isoformat() if isinstance(said, datetime) else str(said)
