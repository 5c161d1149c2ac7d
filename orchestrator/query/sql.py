"""The few expression builders that questions are made of: the subset that other engines answer alike."""

from datetime import UTC, datetime

from sqlglot import exp
from sqlglot.expressions.core import Expression

from shared_models.period import ChargePeriod


def column(name: str, table: str | None = None) -> exp.Column:
    """A quoted column."""
    return exp.column(exp.to_identifier(name, quoted=True), table=table)


def text(value: str) -> Expression:
    """A text literal, escaped by the dialect."""
    return exp.Literal.string(value)


def timestamp(instant: datetime) -> Expression:
    """A UTC instant as a typed TIMESTAMP literal without zone."""
    plain = instant.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")
    return exp.cast(exp.Literal.string(plain), exp.DataType.Type.TIMESTAMP)


def map_value(name: str, key: str) -> Expression:
    """One value of a MAP column; null where the key is absent."""
    return exp.Bracket(this=column(name), expressions=[text(key)])


def within(period: ChargePeriod, name: str = "ChargePeriodStart") -> Expression:
    """Half-open: from the start up to, and without, the end."""
    return exp.And(
        this=exp.GTE(this=column(name), expression=timestamp(period.start)),
        expression=exp.LT(this=column(name), expression=timestamp(period.end)),
    )


def any_of(conditions: list[Expression]) -> Expression:
    """The conditions joined by OR, in brackets."""
    joined = conditions[0]
    for condition in conditions[1:]:
        joined = exp.Or(this=joined, expression=condition)
    return exp.Paren(this=joined)


def sum_where(amount: Expression, condition: Expression | None) -> Expression:
    """The sum of the amounts that meet a condition; CASE inside SUM, which every engine knows."""
    if condition is None:
        return exp.Sum(this=amount)
    return exp.Sum(this=exp.Case().when(condition, amount, copy=False).else_(exp.Literal.number(0), copy=False))
