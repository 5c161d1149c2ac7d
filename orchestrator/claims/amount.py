"""A figure as somebody wrote it: its exact amount, how precisely it was stated, and how far off it may be.

A figure is judged by its own precision unless a tolerance is given: to half a unit of its last written digit. So
`1.2 million` means 1,150,000 to 1,250,000 and `1200000` means 1,199,999.5 to 1,200,000.5: zeros that are written count.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from shared_models.errors import InvalidArgumentError

_SCALES: Final = {
    "": 0, "k": 3, "thousand": 3, "m": 6, "mn": 6, "mio": 6, "million": 6, "b": 9, "bn": 9, "billion": 9,
}  # fmt: skip
_FIGURE: Final = re.compile(r"^([+-]?)(\d{1,3}(?:[,_ ]\d{3})+|\d{1,20})(\.\d{1,12})?\s?([A-Za-z]*)$")
_TOLERANCE: Final = re.compile(r"^(\d{1,20}(?:\.\d{1,12})?)\s?(%?)$")
_HUNDRED: Final = Decimal(100)


@dataclass(frozen=True)
class Tolerance:
    """How far a figure may be from the claim: an absolute amount, or a share of the right figure in percent."""

    absolute: Decimal | None = None
    percent: Decimal | None = None

    def allows(self, claimed: Decimal, figure: Decimal) -> bool:
        """Whether the claim is near enough to a figure."""
        return abs(claimed - figure) <= self.around(figure)

    def around(self, figure: Decimal) -> Decimal:
        """The tolerance as an amount."""
        if self.percent is not None:
            return abs(figure) * self.percent / _HUNDRED
        return self.absolute or Decimal(0)


def read_amount(text: str) -> tuple[Decimal, Decimal]:
    """The exact amount of a written figure, and half a unit of its last written digit.

    Raises:
        InvalidArgumentError: it is not a figure with a decimal point, or its scale is not known.

    """
    match = _FIGURE.match(text.strip())
    scale = _SCALES.get(match[4].lower()) if match else None
    if match is None or scale is None:
        raise InvalidArgumentError(
            "amount",
            f"{text[:40]!r} is not a figure.",
            hint="Write 1234.56, 1,234.56 or 1.2 million (k, M, bn), without a currency sign.",
        )
    whole = re.sub(r"[,_ ]", "", match[2])
    fraction = (match[3] or "").removeprefix(".")
    amount = Decimal(f"{match[1]}{whole}{match[3] or ''}").scaleb(scale)
    return amount, Decimal("0.5").scaleb(scale - len(fraction))


def read_tolerance(text: str | None, half_unit: Decimal) -> Tolerance:
    """The tolerance that was given, else the claim's own precision.

    Raises:
        InvalidArgumentError: it is neither an amount nor a percentage.

    """
    if text is None:
        return Tolerance(absolute=half_unit)
    match = _TOLERANCE.match(text.strip())
    if match is None:
        raise InvalidArgumentError("tolerance", f"{text[:40]!r} is not a tolerance.", hint="Write 5 or 0.5%.")
    return Tolerance(percent=Decimal(match[1])) if match[2] else Tolerance(absolute=Decimal(match[1]))
