"""A question about costs as Cost Management's Query understands it, and its plain refusal where it does not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from shared_models.errors import InvalidPeriodError, SourceNotEnabledError
from shared_models.export import CostBasis
from shared_models.period import ChargePeriod, instant_text, month_start
from shared_models.query import CostFilter, CostQuery, FilterOperator, Granularity

TYPES: Final[Mapping[CostBasis, str]] = {CostBasis.BILLED: "ActualCost", CostBasis.EFFECTIVE: "AmortizedCost"}
DIMENSIONS: Final[Mapping[str, str]] = {
    "SubAccountId": "SubscriptionId",
    "SubAccountName": "SubscriptionName",
    "ServiceName": "ServiceName",
    "RegionName": "ResourceLocation",
    "ResourceId": "ResourceId",
    "x_ResourceGroupName": "ResourceGroupName",
    "SkuMeter": "Meter",
    "x_UsageType": "Meter",
    "InvoiceId": "InvoiceId",
    "CommitmentDiscountId": "BenefitId",
    "CommitmentDiscountName": "BenefitName",
}
TAG: Final = "tags."
SUBSCRIPTION: Final = "/subscriptions/"
_MOST_GROUPINGS: Final = 2
_MOST_DAYS: Final = 31
_MOST_MONTHS: Final = 12
_HISTORY_MONTHS: Final = 36
_BY_DAY: Final = frozenset({Granularity.DAY, Granularity.WEEK})


@dataclass(frozen=True)
class Asked:
    """One request's body, and the whole days that it asks for (the end is not one of them)."""

    body: Mapping[str, Any]
    period: ChargePeriod


@dataclass(frozen=True)
class Plan:
    """The fewest requests that the API's limits allow for a question, and what they leave out."""

    requests: tuple[Asked, ...]
    notes: tuple[str, ...] = ()


def planned(query: CostQuery, now: datetime) -> Plan:
    """The requests of a question at one scope; none where the period has not begun.

    Raises:
        SourceNotEnabledError: Query does not know the metric, a column, so many groups, or so old a time.
        InvalidPeriodError: the period does not start and end at midnight.

    """
    if query.metric not in TYPES:
        raise refused(query.metric.value, "Ask for BilledCost or EffectiveCost, or set up a FOCUS export.")
    if len(query.group_by) > _MOST_GROUPINGS:
        raise refused(f"{len(query.group_by)} groups at once", "Group by two columns at most, or set up an export.")
    period, notes = _within(query.period, now)
    if period is None:
        return Plan((), notes)
    dataset: dict[str, Any] = {"aggregation": {"cost": {"name": "Cost", "function": "Sum"}}}
    if query.group_by:
        dataset["grouping"] = [_group(column) for column in query.group_by]
    if conditions := [_condition(one) for one in query.filters]:
        dataset["filter"] = conditions[0] if len(conditions) == 1 else {"and": conditions}
    daily = query.granularity in _BY_DAY
    requests: list[Asked] = []
    for span in _spans(period, daily=daily):
        own = {"granularity": _granularity(query.granularity, span, now), **dataset}
        last = span.end - timedelta(days=1)
        frame = {"from": f"{span.start:%Y-%m-%d}T00:00:00Z", "to": f"{last:%Y-%m-%d}T23:59:59Z"}
        body = {"type": TYPES[query.metric], "timeframe": "Custom", "timePeriod": frame, "dataset": own}
        requests.append(Asked(body, span))
    return Plan(tuple(requests), notes)


def focus_value(column: str, told: str | None) -> str | None:
    """A group's value as FOCUS has it."""
    if not told or told.lower() in {"unassigned", "-2"}:
        return None
    return f"{SUBSCRIPTION}{told.lower()}" if column == "SubAccountId" else told


def refused(wanted: str, hint: str) -> SourceNotEnabledError:
    """Query cannot answer this."""
    return SourceNotEnabledError(wanted, source="Cost Management Query", hint=hint)


def _granularity(wanted: Granularity, span: ChargePeriod, now: datetime) -> str:
    """By month where no bucket is wanted but the month is open: rows with dates tell whether Azure shifted them."""
    if wanted in _BY_DAY:
        return "Daily"
    open_month = span.end > month_start(now.year, now.month)
    return "None" if wanted is Granularity.TOTAL and not open_month else "Monthly"


def _within(period: ChargePeriod, now: datetime) -> tuple[ChargePeriod | None, tuple[str, ...]]:
    """The part of a period that Query has, in whole days: it silently moves what lies in the future."""
    if any((at.hour, at.minute, at.second, at.microsecond) != (0, 0, 0, 0) for at in (period.start, period.end)):
        raise InvalidPeriodError("Cost Management answers whole days (UTC) only.")
    tomorrow = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    oldest = month_start(now.year, now.month - _HISTORY_MONTHS)
    start, end = max(period.start, oldest), min(period.end, tomorrow)
    if period.start >= tomorrow:
        return None, ("nothing of the period has begun",)
    if start >= end:
        raise refused(
            f"the time from {instant_text(period.start)} to {instant_text(period.end)}",
            f"It keeps {_HISTORY_MONTHS} closed months: from {instant_text(oldest)} on.",
        )
    older = (f"Cost Management keeps nothing before {instant_text(oldest)}",) if start > period.start else ()
    return ChargePeriod(start=start, end=end), older


def _spans(period: ChargePeriod, *, daily: bool) -> list[ChargePeriod]:
    """The fewest spans within the API's limits: 31 days by day, else twelve calendar months.

    Each month that a span touches uses quota, so days are cut at the turns of months where that takes no more calls.
    """
    if not daily:
        return _cut(period, lambda start: month_start(start.year, start.month + _MOST_MONTHS))
    fewest = _cut(period, lambda start: start + timedelta(days=_MOST_DAYS))
    by_month = _cut(period, lambda start: month_start(start.year, start.month + 1))
    return by_month if len(by_month) <= len(fewest) else fewest


def _cut(period: ChargePeriod, far: Callable[[datetime], datetime]) -> list[ChargePeriod]:
    spans: list[ChargePeriod] = []
    start = period.start
    while start < period.end:
        end = min(far(start), period.end)
        spans.append(ChargePeriod(start=start, end=end))
        start = end
    return spans


def _group(column: str) -> dict[str, str]:
    if column.startswith(TAG):
        return {"type": "TagKey", "name": column[len(TAG) :]}
    return {"type": "Dimension", "name": _dimension(column)}


def _dimension(column: str) -> str:
    if column not in DIMENSIONS:
        raise refused(column, f"It groups and filters by {', '.join([*DIMENSIONS, f'{TAG}<key>'])}.")
    return DIMENSIONS[column]


def _condition(condition: CostFilter) -> dict[str, Any]:
    if condition.operator not in {FilterOperator.EQUALS, FilterOperator.IN}:
        raise refused(f"{condition.column} {condition.operator.value}", "Filter by whole values, or set up an export.")
    if condition.column.startswith(TAG):
        return {"tags": {"name": condition.column[len(TAG) :], "operator": "In", "values": list(condition.values)}}
    values = [value.removeprefix(SUBSCRIPTION) for value in condition.values]
    return {"dimensions": {"name": _dimension(condition.column), "operator": "In", "values": values}}
