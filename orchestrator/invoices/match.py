"""Which line items an invoice speaks of: by InvoiceId where both sides know it, else by issuer, else by payer."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from orchestrator.invoices.source import InvoiceLine
from orchestrator.query.bill import BillPart


@dataclass(frozen=True)
class Unit:
    """What is compared as one: line items and invoice lines of one payer in one currency. Either may be missing."""

    billing_account_id: str
    currency: str
    seller: str | None
    invoice_id: str | None
    parts: tuple[BillPart, ...]
    lines: tuple[InvoiceLine, ...]


def seller_of(part: BillPart) -> str | None:
    """Who is paid: the issuer of the invoice, else who provides the service."""
    return part.invoice_issuer_name or part.service_provider_name


def units_of(parts: Sequence[BillPart], lines: Sequence[InvoiceLine]) -> list[Unit]:
    """The finest units at which both sides speak of the same thing, for each payer and currency."""
    payers = sorted(
        {(p.billing_account_id, p.currency) for p in parts} | {(n.billing_account_id, n.currency) for n in lines}
    )
    found: list[Unit] = []
    for account, currency in payers:
        own = [p for p in parts if (p.billing_account_id, p.currency) == (account, currency)]
        said = [n for n in lines if (n.billing_account_id, n.currency) == (account, currency)]
        found += _units(own, said)
    return found


def _units(parts: Sequence[BillPart], lines: Sequence[InvoiceLine]) -> list[Unit]:
    ids = {part.invoice_id for part in parts if part.invoice_id}
    sellers = {seller_of(part) for part in parts}
    if lines and all(line.invoice_id for line in lines) and any(line.invoice_id in ids for line in lines):
        return _split(parts, lines, lambda part: part.invoice_id, lambda line: line.invoice_id)
    if not lines or all(line.invoice_issuer_name in sellers for line in lines):
        return _split(parts, lines, seller_of, lambda line: line.invoice_issuer_name)
    return _split(parts, lines, lambda _: None, lambda _: None)


def _split(
    parts: Sequence[BillPart],
    lines: Sequence[InvoiceLine],
    part_key: Callable[[BillPart], str | None],
    line_key: Callable[[InvoiceLine], str | None],
) -> list[Unit]:
    keys = sorted({*map(part_key, parts), *map(line_key, lines)}, key=lambda key: (key is None, key or ""))
    return [
        _unit([p for p in parts if part_key(p) == key], [line for line in lines if line_key(line) == key])
        for key in keys
    ]


def _unit(parts: Sequence[BillPart], lines: Sequence[InvoiceLine]) -> Unit:
    first = parts[0] if parts else lines[0]
    sellers = {seller_of(part) for part in parts} or {line.invoice_issuer_name for line in lines}
    return Unit(
        billing_account_id=first.billing_account_id,
        currency=first.currency,
        seller=_only(sellers),
        invoice_id=_only({line.invoice_id for line in lines} or {part.invoice_id for part in parts}),
        parts=tuple(parts),
        lines=tuple(lines),
    )


def _only(names: Iterable[str | None]) -> str | None:
    found = sorted({name for name in names if name})
    return found[0] if len(found) == 1 else " + ".join(found) or None
