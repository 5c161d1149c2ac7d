"""How far an invoice may be from its line items by rounding alone, as FOCUS defines it.

FOCUS 1.4, dataset Invoice Detail, column BilledCost (specification/datasets/invoice_detail/columns/billedcost.md):
aggregated by InvoiceId and InvoiceIssuerName, the sum of the invoice's BilledCost and the sum of the line items'
BilledCost must not differ by more than MAX(100 x Subunit, SQRT(Rows) x 0.5 x Subunit), where Subunit is the smallest
unit of the billing currency and Rows the number of line items. Tax, and an invoice that is not issued, may differ.
"""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Final

_NO_DECIMALS: Final = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"}
)
_THREE_DECIMALS: Final = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_FLOOR: Final = 100
_HALF: Final = Decimal("0.5")
_PRECISION: Final = 60


def subunit(currency: str) -> Decimal:
    """The smallest unit of a currency by ISO 4217."""
    if currency in _NO_DECIMALS:
        return Decimal(1)
    return Decimal("0.001") if currency in _THREE_DECIMALS else Decimal("0.01")


def focus_tolerance(rows: int, currency: str) -> Decimal:
    """The largest difference that FOCUS takes for rounding, cut to the smallest unit."""
    unit = subunit(currency)
    with localcontext(prec=_PRECISION):
        by_rows = Decimal(rows).sqrt() * _HALF * unit
        return max(_FLOOR * unit, by_rows // unit * unit)


def rounded(amount: Decimal, unit: Decimal) -> Decimal:
    """The amount in whole units, half away from zero as invoices are rounded."""
    with localcontext(prec=_PRECISION):
        return amount.quantize(unit, rounding=ROUND_HALF_UP)
