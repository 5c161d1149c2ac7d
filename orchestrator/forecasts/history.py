"""What a forecast rests on: usage by day, recurring and one-time charges apart, up to the last settled day."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from orchestrator.forecasts.asked import Asked
from orchestrator.ledger.snapshot import Snapshot
from orchestrator.query.answer import CostAnswer
from orchestrator.query.engine import QueryEngine
from orchestrator.query.question import Question
from shared_models.errors import DataNotReadyError
from shared_models.period import ChargePeriod
from shared_models.query import CostFilter, FilterOperator, Granularity
from shared_models.reach import known_until

FREQUENCY: Final = "ChargeFrequency"
COMMITMENT: Final = "CommitmentDiscountId"
_NEVER_NULL: Final = "BillingCurrency"
"""Beside the groups, so that charges without any key keep their series."""
SETTLING: Final = timedelta(days=2)
"""Clouds restate the newest days; as history they would look like a fall."""
_HISTORY: Final = timedelta(days=800)
_MOST: Final = 20_000
_YEAR: Final = 365
_RECURRING: Final = "Recurring"
_ONCE: Final = "One-Time"
_ONLY_RECURRING: Final = CostFilter(column=FREQUENCY, operator=FilterOperator.EQUALS, values=(_RECURRING,))
Keys = tuple[str | None, ...]


@dataclass(frozen=True)
class History:
    """Costs by day from `first` on, per currency and group; `until` is the day after the last settled one.

    `usage` is what a model may learn from. `recurring` comes again by the calendar: the days of the last full month,
    by group and commitment.
    """

    first: date
    until: date
    usage: dict[str, dict[Keys, list[Decimal]]]
    recurring: dict[str, dict[tuple[Keys, str | None], dict[date, Decimal]]]
    once: dict[str, Decimal]
    """One-time charges of the last year: a model must not repeat them."""
    answer: CostAnswer

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies of what is there."""
        return tuple(sorted({group.currency for group in self.answer.data}))

    def booked(self, currency: str, first: date, after: date, groups: set[Keys] | None = None) -> Decimal:
        """What was charged on the days from `first` up to `after`, of every kind."""
        wanted = [place for place, day in enumerate(_days(self.answer)) if first <= day < after]
        return sum(
            (
                group.series[place]
                for group in self.answer.data
                if group.currency == currency and group.series and (groups is None or group.keys[:-2] in groups)
                for place in wanted
            ),
            Decimal(0),
        )


def history_of(engine: QueryEngine, asked: Asked, now: datetime, expected: Sequence[str] = ()) -> History:
    """The settled history of the newest snapshot.

    Raises:
        DataNotReadyError: nothing of what is asked for has settled yet.
        RequestError: a group or filter that does not exist.

    """
    snapshot = engine.snapshot()
    until = _settled(snapshot, now)
    begin = max(until - _HISTORY, snapshot.span.start.astimezone(UTC).date() if snapshot.span else until)
    if begin >= until:
        raise DataNotReadyError("No day of the bills has settled yet.", hint="Ask again in some days, or sync.")

    def ask(first: date, groups: tuple[str, ...], *more: CostFilter) -> CostAnswer:
        question = Question(
            period=ChargePeriod(start=_midnight(first), end=_midnight(until)),
            metric=asked.metric,
            group_by=(*asked.group_by, *groups, _NEVER_NULL),
            filters=(*asked.filters, *more),
            granularity=Granularity.DAY,
            spend=asked.spend,
            limit=_MOST,
        )
        return engine.ask(question, generation=snapshot.generation, expected=expected)

    answer = ask(begin, (FREQUENCY,))
    if not answer.buckets:
        raise DataNotReadyError(
            "The ledger holds no settled day of these costs.", hint="Import or sync bills, or ask for other costs."
        )
    month = _last_full_month(begin, until)
    has_recurring = month is not None and any(group.keys[-2] == _RECURRING for group in answer.data)
    fees = ask(month, (COMMITMENT,), _ONLY_RECURRING) if has_recurring and month else None
    return _folded(answer, until, fees)


def _settled(snapshot: Snapshot, now: datetime) -> date:
    """The day up to which every provider's bills are known and have settled."""
    reached = [
        known_until([load for load in snapshot.booked if load.provider == provider]) for provider in snapshot.providers
    ]
    open_until = now - SETTLING
    return min(*reached, open_until).astimezone(UTC).date()


def _folded(answer: CostAnswer, until: date, fees: CostAnswer | None) -> History:
    buckets = _days(answer)
    first = buckets[0]
    usage: dict[str, dict[Keys, list[Decimal]]] = defaultdict(dict)
    once: dict[str, Decimal] = defaultdict(Decimal)
    for group in answer.data:
        keys, frequency = group.keys[:-2], group.keys[-2]
        series = [Decimal(0)] * (until - first).days
        for day, amount in zip(buckets, group.series or (), strict=True):
            series[(day - first).days] += amount
        if frequency == _ONCE:
            once[group.currency] += sum(series[-_YEAR:], Decimal(0))
        elif frequency != _RECURRING:
            so_far = usage[group.currency].get(keys)
            usage[group.currency][keys] = series if so_far is None else _added(so_far, series)
    return History(first, until, dict(usage), _recurring(fees, until), dict(once), answer)


def _recurring(fees: CostAnswer | None, until: date) -> dict[str, dict[tuple[Keys, str | None], dict[date, Decimal]]]:
    """The recurring charges of the last full month; newer ones would be a month that is not over."""
    found: dict[str, dict[tuple[Keys, str | None], dict[date, Decimal]]] = defaultdict(dict)
    for group in fees.data if fees else ():
        days = zip(_days(fees) if fees else (), group.series or (), strict=True)
        found[group.currency][group.keys[:-2], group.keys[-2]] = {
            day: amount for day, amount in days if amount and day < until.replace(day=1)
        }
    return dict(found)


def _last_full_month(begin: date, until: date) -> date | None:
    start = (until.replace(day=1) - timedelta(days=1)).replace(day=1)
    return start if start >= begin else None


def _days(answer: CostAnswer) -> list[date]:
    return [date.fromisoformat(bucket[:10]) for bucket in answer.buckets or ()]


def _added(one: Sequence[Decimal], other: Sequence[Decimal]) -> list[Decimal]:
    return [a + b for a, b in zip(one, other, strict=True)]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
