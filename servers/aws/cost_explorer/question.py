"""A question about costs as Cost Explorer understands it, and its plain refusal where Cost Explorer does not."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from shared_models.errors import InvalidPeriodError, SourceNotEnabledError
from shared_models.export import CostBasis
from shared_models.period import ChargePeriod, instant_text, month_start
from shared_models.query import CostFilter, CostQuery, FilterOperator, Granularity

METRICS: Final[Mapping[CostBasis, str]] = {
    CostBasis.BILLED: "NetUnblendedCost",
    CostBasis.EFFECTIVE: "NetAmortizedCost",
}
"""The net metrics, as the FOCUS export of AWS takes them: after all discounts; equal to the others where none is."""
DIMENSIONS: Final[Mapping[str, str]] = {
    "SubAccountId": "LINKED_ACCOUNT",
    "ServiceName": "SERVICE",
    "RegionId": "REGION",
    "AvailabilityZone": "AZ",
    "SkuMeter": "USAGE_TYPE",
    "x_UsageType": "USAGE_TYPE",
    "x_Operation": "OPERATION",
    "InvoiceIssuerName": "INVOICING_ENTITY",
}
TAG: Final = "tags."
CATEGORY: Final = "cost_categories."
PAYER: Final = "BillingAccountId"
ABSENT: Final = frozenset({"", "NoRegion", "NoAZ", "NoUsageType", "NoOperation", "NoInvoicingEntity"})
"""How Cost Explorer says that a line item has no value there."""
_MOST_GROUPINGS: Final = 2
_HISTORY_MONTHS: Final = 13
_BY_DAY: Final = frozenset({Granularity.DAY, Granularity.WEEK})


@dataclass(frozen=True)
class Asked:
    """One request without its page token, and the note that says what it leaves out."""

    arguments: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def asked(query: CostQuery, now: datetime) -> Asked:
    """The request of a question.

    Raises:
        SourceNotEnabledError: Cost Explorer does not know the metric, a column, so many groups, or so old a time.
        InvalidPeriodError: the period does not start and end at midnight.

    """
    metric = metric_of(query.metric)
    period, notes = _within(query.period, now)
    groups = [_group(column) for column in query.group_by if column != PAYER]
    if len(groups) > _MOST_GROUPINGS:
        raise _refused(f"{len(groups)} groups at once", "Group by two columns at most, or set up a Data Export.")
    arguments: dict[str, Any] = {
        "TimePeriod": {"Start": f"{period.start:%Y-%m-%d}", "End": f"{period.end:%Y-%m-%d}"},
        "Granularity": "DAILY" if query.granularity in _BY_DAY else "MONTHLY",
        "Metrics": [metric],
    }
    if groups:
        arguments["GroupBy"] = groups
    if expression := expression_of(query.filters):
        arguments["Filter"] = expression
    return Asked(arguments, notes)


def metric_of(basis: CostBasis) -> str:
    """Cost Explorer's name of a metric.

    Raises:
        SourceNotEnabledError: it has none for this one.

    """
    if basis not in METRICS:
        raise _refused(basis.value, "Ask for BilledCost or EffectiveCost, or set up a Data Export.")
    return METRICS[basis]


def expression_of(filters: Sequence[CostFilter]) -> dict[str, Any] | None:
    """The conditions as one expression; null where there is none. Those on the payer choose whom to ask.

    Raises:
        SourceNotEnabledError: Cost Explorer cannot filter by a column.

    """
    conditions = [_condition(one) for one in filters if one.column != PAYER]
    if not conditions:
        return None
    return conditions[0] if len(conditions) == 1 else {"And": conditions}


def focus_value(column: str, told: str) -> str | None:
    """A group's key as FOCUS has it."""
    if column.startswith((TAG, CATEGORY)):
        value = told.partition("$")[2]
        return value or None
    if told in ABSENT:
        return None
    return _services().get(told, told) if column == "ServiceName" else told


def _within(period: ChargePeriod, now: datetime) -> tuple[ChargePeriod, tuple[str, ...]]:
    """The part of a period that Cost Explorer keeps, in whole days."""
    if any((at.hour, at.minute, at.second, at.microsecond) != (0, 0, 0, 0) for at in (period.start, period.end)):
        raise InvalidPeriodError("Cost Explorer answers whole days (UTC) only.")
    oldest, newest = month_start(now.year, now.month - _HISTORY_MONTHS), month_start(now.year, now.month + 1)
    start, end = max(period.start, oldest), min(period.end, newest)
    if start >= end:
        raise _refused(
            f"the time from {instant_text(period.start)} to {instant_text(period.end)}",
            f"It keeps {_HISTORY_MONTHS} closed months: from {instant_text(oldest)} on.",
        )
    older = (f"Cost Explorer keeps nothing before {instant_text(oldest)}",) if start > period.start else ()
    return ChargePeriod(start=start, end=end), older


def _group(column: str) -> dict[str, str]:
    if column.startswith(TAG):
        return {"Type": "TAG", "Key": column[len(TAG) :]}
    if column.startswith(CATEGORY):
        return {"Type": "COST_CATEGORY", "Key": column[len(CATEGORY) :]}
    return {"Type": "DIMENSION", "Key": _dimension(column)}


def _dimension(column: str) -> str:
    if column not in DIMENSIONS:
        known = ", ".join([PAYER, *DIMENSIONS, f"{TAG}<key>", f"{CATEGORY}<name>"])
        raise _refused(column, f"It groups and filters by {known}.")
    return DIMENSIONS[column]


def _condition(condition: CostFilter) -> dict[str, Any]:
    operator, column = condition.operator, condition.column
    place, key = _place(column)
    if operator in {FilterOperator.IS_NULL, FilterOperator.IS_NOT_NULL}:
        if place == "Dimensions":
            raise _refused(f"{column} {operator.value}", "Filter by a value, or set up a Data Export.")
        absent = {place: {"Key": key, "MatchOptions": ["ABSENT"]}}
        return absent if operator is FilterOperator.IS_NULL else {"Not": absent}
    if operator is FilterOperator.CONTAINS:
        if place != "Dimensions":
            raise _refused(f"{column} contains", "Filter by whole values.")
        return {place: {"Key": key, "Values": list(condition.values), "MatchOptions": ["CONTAINS", "CASE_INSENSITIVE"]}}
    values = _spelled(column, condition.values)
    within = {place: {"Key": key, "Values": values, "MatchOptions": ["EQUALS"]}}
    return {"Not": within} if operator is FilterOperator.NOT_IN else within


def _place(column: str) -> tuple[str, str]:
    if column.startswith(TAG):
        return "Tags", column[len(TAG) :]
    if column.startswith(CATEGORY):
        return "CostCategories", column[len(CATEGORY) :]
    return "Dimensions", _dimension(column)


def _spelled(column: str, values: Sequence[str]) -> list[str]:
    """The values as Cost Explorer spells them: some FOCUS services are several there."""
    if column != "ServiceName":
        return list(values)
    own = [[name for name, focus in _services().items() if focus == value] + [value] for value in values]
    return [name for names in own for name in names]


@cache
def _services() -> Mapping[str, str]:
    file = Path(__file__).parents[1] / "vocabulary" / "cost_explorer_services.csv"
    with file.open(encoding="utf-8", newline="") as rows:
        return {row["cost_explorer"]: row["service_name"] for row in csv.DictReader(rows)}


def _refused(wanted: str, hint: str) -> SourceNotEnabledError:
    return SourceNotEnabledError(wanted, source="Cost Explorer", hint=hint)
