"""Money: an exact amount beside its one currency; two currencies never meet in a sum."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import PlainSerializer, WithJsonSchema

from shared_models.base import WireModel
from shared_models.errors import CurrencyMismatchError


def plain(amount: Decimal) -> str:
    """The exact amount without exponent and without trailing zeros beyond the cents: `0.1` -> `0.10`."""
    if amount.is_zero():
        return "0.00"
    text = format(amount, "f")
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


ExactDecimal = Annotated[
    Decimal,
    PlainSerializer(plain, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}),
]
"""A decimal that travels as an exact plain string, never as a JSON number."""

CurrencyCode = Annotated[str, WithJsonSchema({"type": "string", "description": "ISO 4217"})]


class Money(WireModel):
    """An exact amount in one currency."""

    amount: ExactDecimal
    currency: CurrencyCode

    def __add__(self, other: Self) -> "Money":
        """The exact sum; refuses another currency.

        Raises:
            CurrencyMismatchError: the two amounts are in different currencies.

        """
        if self.currency != other.currency:
            raise CurrencyMismatchError(self.currency, other.currency)
        return Money(amount=self.amount + other.amount, currency=self.currency)
