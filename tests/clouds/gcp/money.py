"""Amounts as google.type.Money: whole units and billionths, both of one sign."""

from decimal import Decimal

from google.type.money_pb2 import Money


def money(amount: object, currency: str) -> Money:
    """The message of an exact amount; what is below a billionth is rounded."""
    billionths = int((Decimal(str(amount)) * 1_000_000_000).to_integral_value())
    sign = -1 if billionths < 0 else 1
    units, nanos = divmod(abs(billionths), 1_000_000_000)
    return Money(currency_code=currency, units=sign * units, nanos=sign * nanos)
