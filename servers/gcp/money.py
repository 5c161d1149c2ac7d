"""Google's Money (whole units and billionths, both negative for a saving) as an exact decimal."""

from decimal import Decimal
from typing import Any, Final

NANO: Final = Decimal("0.000000001")


def amount(said: Any) -> Decimal:
    """Units and nanos added, without a float in between and without trailing zeros of the nanos."""
    exact = Decimal(int(said.units)) + Decimal(int(said.nanos)) * NANO
    return exact.normalize() if exact.as_tuple().exponent else exact
