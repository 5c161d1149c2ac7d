"""From a history to the forecast of a period: models for usage, the calendar for fees, what is planned on top."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from orchestrator.analyses.forecast.backtest import backtest
from orchestrator.analyses.forecast.ensemble import forecast
from orchestrator.analyses.forecast.planned import Effect, Planned, added_by
from orchestrator.analyses.forecast.projection import Backtest, Cadence, Projection, Span
from orchestrator.analyses.forecast.reconcile import cents, reconciled
from orchestrator.analyses.forecast.totals import Total, totals
from orchestrator.forecasts.asked import Request
from orchestrator.forecasts.history import History, Keys
from orchestrator.forecasts.report import Bucket, CurrencyForecast, ForecastGroup, Tested
from orchestrator.forecasts.scheduled import scheduled, summed
from shared_models.errors import DataNotReadyError, InvalidArgumentError
from shared_models.query import Granularity

LEAST_DAYS: Final = 14
_MODELLED_GROUPS: Final = 6
"""More groups than these are forecast by the light model, in a moment; the total never is."""
_SEASON: Final = Cadence.DAY.season
_ZERO: Final = Decimal(0)


class Forecaster:
    """Forecasts one period from one history; pure, and the same every time."""

    def __init__(self, history: History, request: Request, ends: Mapping[str, date]) -> None:
        """`ends` says on which day a commitment ends, by its id.

        Raises:
            InvalidArgumentError: the period is over, or cut within a day.

        """
        self._history = history
        self._request = request
        self._ends = ends
        self._first, self._after = (_day(at) for at in (request.period.start, request.period.end))
        if self._after <= history.until:
            raise InvalidArgumentError(
                "period",
                f"The costs of this period are known: the bills are settled up to {history.until}.",
                hint="Ask finops_query_costs, or for a period that ends later.",
            )
        self._coming = [history.until + timedelta(days=n) for n in range((self._after - history.until).days)]
        self._begin = max((self._first - history.until).days, 0)

    def currency(self, currency: str) -> CurrencyForecast:
        """The forecast of one currency.

        Raises:
            DataNotReadyError: there are too few settled days.

        """
        groups = self._history.usage.get(currency, {})
        series = [sum(amounts, _ZERO) for amounts in zip(*groups.values(), strict=True)]
        values = _told([float(amount) for amount in series])
        if 0 < len(values) < LEAST_DAYS:
            raise DataNotReadyError(
                f"{len(values)} settled days of usage in {currency} are too few to forecast from.",
                hint=f"It takes {LEAST_DAYS}; a year or more is well.",
            )
        horizon = len(self._coming)
        said = forecast(values, horizon, Cadence.DAY, _SEASON, light=self._request.light) if values else None
        fees = self._fees(currency)
        extra = self._planned(currency, said)
        buckets = self._buckets(values, said, fees, extra, currency)
        whole = self._expected(values, said, self._begin, horizon)
        actual = self._actual(currency)
        usage, recurring = cents(whole.mean), sum(self._within(fees).values(), _ZERO)
        planned = cents(sum(extra[self._begin :]))
        fixed = actual + recurring + planned
        amount = usage + fixed
        return CurrencyForecast(
            currency=currency,
            amount=amount,
            lower=cents(min(whole.lower, whole.mean)) + fixed,
            upper=cents(max(whole.upper, whole.mean)) + fixed,
            actual=actual,
            usage=usage,
            recurring=recurring,
            planned=planned,
            buckets=buckets,
            groups=self._groups(currency, usage, planned),
            models=said.models if said else (),
            tested=_shown(self._tested(values), self._request.level),
        )

    def _tested(self, values: Sequence[float]) -> Backtest:
        if not values:
            return Backtest(0, 0, None, None, None, {})
        return backtest(values, len(self._coming), Cadence.DAY, _SEASON, light=self._request.light)

    def _expected(self, values: Sequence[float], said: Projection | None, begin: int, after: int) -> Total:
        if said is None or begin >= after:
            return Total(0.0, 0.0, 0.0, tested=True)
        return totals(values, said, [Span(begin, after)], _SEASON, self._request.level)[0]

    def _buckets(
        self,
        values: Sequence[float],
        said: Projection | None,
        fees: Mapping[date, Decimal],
        extra: Sequence[float],
        currency: str,
    ) -> tuple[Bucket, ...]:
        """The period cut by day or month; the cents of the usage sum to the whole's."""
        cuts = _cuts(self._first, self._after, self._request.granularity)
        spans = [
            (max((start - self._history.until).days, 0), max((end - self._history.until).days, 0))
            for start, end in cuts
        ]
        found = [self._expected(values, said, begin, after) for begin, after in spans]
        whole = cents(self._expected(values, said, self._begin, len(self._coming)).mean)
        means = reconciled(whole, [one.mean for one in found], [abs(one.mean) for one in found])
        extras = reconciled(cents(sum(extra[self._begin :])), [sum(extra[b:a]) for b, a in spans], [0.0 for _ in spans])
        rows: list[Bucket] = []
        for (start, end), one, mean, more in zip(cuts, found, means, extras, strict=True):
            fixed = self._actual(currency, start, end) + more
            fixed += sum((amount for day, amount in fees.items() if start <= day < end), _ZERO)
            low, high = cents(one.mean - one.lower), cents(one.upper - one.mean)
            rows.append(Bucket(start=start, amount=mean + fixed, lower=mean + fixed - low, upper=mean + fixed + high))
        return tuple(rows)

    def _groups(self, currency: str, usage: Decimal, planned: Decimal) -> tuple[ForecastGroup, ...]:
        """The largest groups and the rest; with their fees and booked days they sum to the whole."""
        own = self._history.usage.get(currency, {})
        if not own or set(own) == {()}:
            return ()
        ranked = sorted(own, key=lambda keys: (-sum(own[keys][-90:], _ZERO), tuple(key or "" for key in keys)))
        listed, rest = ranked[: self._request.limit], ranked[self._request.limit :]
        series = [own[keys] for keys in listed]
        if rest:
            series.append([sum(amounts, _ZERO) for amounts in zip(*(own[keys] for keys in rest), strict=True)])
        light = self._request.light or len(series) > _MODELLED_GROUPS
        found = [self._group(amounts, light=light) for amounts in series]
        parts = reconciled(usage, [one.mean for one in found], [one.upper - one.lower for one in found])
        fixed = {keys: self._fixed(currency, [keys]) for keys in listed}
        lines = [ForecastGroup(keys=keys, amount=part + fixed[keys]) for keys, part in zip(listed, parts, strict=False)]
        everything = usage + planned + self._actual(currency) + sum(self._within(self._fees(currency)).values(), _ZERO)
        other = everything - sum((line.amount for line in lines), _ZERO)
        if rest or other:
            lines.append(ForecastGroup(keys=(None,) * len(ranked[0]), amount=other, other=True))
        return tuple(lines)

    def _group(self, amounts: Sequence[Decimal], *, light: bool) -> Total:
        values = _told([float(amount) for amount in amounts])
        horizon = len(self._coming)
        if len(values) < LEAST_DAYS:
            usual = sum(values) / max(len(values), 1)
            days = horizon - self._begin
            return Total(usual * days, 0.0, usual * days * 2, tested=False)
        return self._expected(
            values, forecast(values, horizon, Cadence.DAY, _SEASON, light=light), self._begin, horizon
        )

    def _fixed(self, currency: str, groups: Sequence[Keys]) -> Decimal:
        wanted = set(groups)
        fees = sum(self._within(self._fees(currency, wanted)).values(), _ZERO)
        return fees + self._actual(currency, groups=wanted)

    def _actual(
        self, currency: str, start: date | None = None, end: date | None = None, groups: set[Keys] | None = None
    ) -> Decimal:
        """What is booked of the settled days of the period, of every kind of charge."""
        first, after = max(start or self._first, self._first), min(end or self._after, self._history.until)
        return self._history.booked(currency, first, after, groups)

    def _fees(self, currency: str, groups: set[Keys] | None = None) -> dict[date, Decimal]:
        parts = [
            scheduled(month, self._coming, self._ends.get(commitment or ""))
            for (keys, commitment), month in self._history.recurring.get(currency, {}).items()
            if groups is None or keys in groups
        ]
        return summed(parts)

    def _within(self, fees: Mapping[date, Decimal]) -> dict[date, Decimal]:
        return {day: amount for day, amount in fees.items() if day >= self._first}

    def _planned(self, currency: str, said: Projection | None) -> list[float]:
        """What the planned changes add to each coming day; amounts belong to one currency."""
        several = len(self._history.currencies) > 1
        known: list[Planned] = []
        for change in self._request.planned:
            is_amount = change.effect in {Effect.MONTHLY, Effect.ONCE}
            if is_amount and several and change.currency is None:
                raise InvalidArgumentError(
                    "planned",
                    f"{change.name!r} is an amount without a currency.",
                    hint=f"One of {', '.join(self._history.currencies)}.",
                )
            if change.currency in {None, currency}:
                known.append(Planned(change.name, change.effect, change.value, change.start, change.end))
        mean = said.mean if said else (0.0,) * len(self._coming)
        return added_by(known, self._coming, mean)


def _told(values: list[float]) -> list[float]:
    """The series from its first charge on: what did not exist yet is no history."""
    first = next((place for place, value in enumerate(values) if value), len(values))
    return values[first:]


def _day(instant: datetime) -> date:
    """The UTC day that an instant opens.

    Raises:
        InvalidArgumentError: it lies within a day.

    """
    at = instant.astimezone(UTC)
    if (at.hour, at.minute, at.second, at.microsecond) != (0, 0, 0, 0):
        raise InvalidArgumentError("period", "A forecast is made of whole UTC days.", hint="Ask for whole days.")
    return at.date()


def _cuts(first: date, after: date, granularity: Granularity) -> list[tuple[date, date]]:
    """The period's days, or its months (the first and last may be parts of months)."""
    found: list[tuple[date, date]] = []
    start = first
    while start < after:
        end = start + timedelta(days=1)
        if granularity is not Granularity.DAY:
            end = min((start.replace(day=1) + timedelta(days=32)).replace(day=1), after)
        found.append((start, end))
        start = end
    return found


def _shown(tested: Backtest, level: int) -> Tested:
    def short(value: float | None) -> float | None:
        return None if value is None else round(value, 3)

    return Tested(
        held_out=tested.origins,
        days=tested.points,
        mase=short(tested.mase),
        bias=short(tested.bias),
        total_error=short(tested.total_error),
        coverage=short(tested.coverage.get(level)),
    )
