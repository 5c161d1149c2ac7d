"""Conversion by a named rate table: each charge at the rate that was valid on its day, exactly."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, localcontext
from typing import Final

from sqlglot import exp
from sqlglot.expressions.core import Expression

from orchestrator.query.question import Conversion
from orchestrator.query.sql import column, text, timestamp
from shared_models.errors import InvalidArgumentError, near_matches
from shared_models.period import ChargePeriod

_DIGITS: Final = 14
"""A DECIMAL(24,12) amount times a rate of so many digits has 38, which is all that there are."""
RateTables = Mapping[str, Mapping[str, Mapping[date, Decimal]]]


@dataclass(frozen=True)
class Rates:
    """From which day on one unit of a currency is worth how much in the target currency."""

    target: str
    table: str
    steps: Mapping[str, tuple[tuple[datetime, Decimal], ...]]
    pairs: Mapping[str, str]
    """How the table writes each currency's pair; by the inverse one where it names the target first."""

    @property
    def changes_on(self) -> tuple[datetime, ...]:
        """Instants at which a rate changes."""
        return tuple(sorted({start for steps in self.steps.values() for start, _ in steps}))

    @property
    def _places(self) -> int:
        """Decimals of a rate in the statement: 14 digits less those before the point of the largest rate."""
        largest = max([Decimal(1), *(rate for steps in self.steps.values() for _, rate in steps)])
        return _DIGITS - len(str(int(largest)))

    def within(self, currency: str, period: ChargePeriod) -> tuple[tuple[datetime, Decimal], ...]:
        """The steps of a currency that are valid on some day of a period, the earliest first."""
        steps = sorted(self.steps.get(currency, ()))
        ends = [start for start, _ in steps[1:]] + [period.end]
        return tuple(
            step for step, end in zip(steps, ends, strict=False) if step[0] < period.end and end > period.start
        )

    def multiplier(self) -> Expression:
        """CASE over currency and charge date; null where no rate is known, so that the caller can tell."""
        case = exp.Case().when(
            exp.EQ(this=column("BillingCurrency"), expression=text(self.target)), _decimal(Decimal(1), self._places)
        )
        for currency, steps in self.steps.items():
            for start, rate in sorted(steps, reverse=True):
                since = exp.GTE(this=column("ChargePeriodStart"), expression=timestamp(start))
                same = exp.EQ(this=column("BillingCurrency"), expression=text(currency))
                case = case.when(exp.And(this=same, expression=since), _decimal(rate, self._places))
        return case


def rates_for(conversion: Conversion, tables: RateTables) -> Rates:
    """The rates into the wanted currency, direct or by the inverse pair.

    Raises:
        InvalidArgumentError: there is no such table, or it does not know the currency.

    """
    table = tables.get(conversion.table)
    if table is None:
        near = near_matches(conversion.table, tables) or sorted(tables)
        raise InvalidArgumentError(
            "rates",
            f"There is no rate table {conversion.table!r}.",
            hint=f"Known tables: {', '.join(near)}." if near else "Add [rates.<name>] to skyledger.toml.",
        )
    steps: dict[str, tuple[tuple[datetime, Decimal], ...]] = {}
    pairs: dict[str, str] = {}
    for pair, by_day in table.items():
        base, _, quote = pair.partition("/")
        if quote == conversion.currency:
            steps[base] = tuple((_midnight(day), rate) for day, rate in by_day.items())
            pairs[base] = pair
        elif base == conversion.currency and quote not in steps:
            steps[quote] = tuple((_midnight(day), _inverse(rate)) for day, rate in by_day.items())
            pairs[quote] = f"1 / ({pair})"
    if not steps:
        raise InvalidArgumentError(
            "currency",
            f"The rate table {conversion.table!r} does not lead to {conversion.currency!r}.",
            hint=f"It holds {', '.join(sorted(table))}.",
        )
    return Rates(conversion.currency, conversion.table, steps, pairs)


def _inverse(rate: Decimal) -> Decimal:
    with localcontext(prec=_DIGITS):
        return Decimal(1) / rate


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _decimal(value: Decimal, places: int) -> Expression:
    return exp.cast(exp.Literal.number(format(value, "f")), f"DECIMAL({_DIGITS}, {places})")
