"""What part of the ledger a Cost Explorer request is about: whose rows, which days, which filter, as SQL.

Dimensions are columns of `line`; cost categories are the company's own two rules over its account tree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.clouds.aws.call import Call
from tests.clouds.aws.errors import AwsError, validation

DIMENSIONS: Final[Mapping[str, str]] = {
    "AZ": "zone",
    "BILLING_ENTITY": "billing_entity",
    "INSTANCE_TYPE": "instance_type",
    "INSTANCE_TYPE_FAMILY": "instance_family",
    "INVOICING_ENTITY": "legal_entity",
    "LEGAL_ENTITY_NAME": "publisher",
    "LINKED_ACCOUNT": "account",
    "LINKED_ACCOUNT_NAME": "account_name",
    "OPERATION": "operation",
    "PAYER_ACCOUNT": "payer",
    "PURCHASE_TYPE": "purchase_type",
    "RECORD_TYPE": "record_type",
    "REGION": "region",
    "RESERVATION_ID": "reservation",
    "RESOURCE_ID": "resource_id",
    "SAVINGS_PLAN_ARN": "plan_arn",
    "SERVICE": "service",
    "SERVICE_CODE": "service_code",
    "USAGE_TYPE": "usage_type",
}
CATEGORIES: Final = {"Division": 2, "Stage": 3}
"""Cost category -> the level of the account's path that it is ruled by."""
HISTORY_MONTHS: Final = 13
"""Closed months that can be asked for, beside the open one."""
_HOUR: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Span:
    """A period as the request wrote it: the end does not belong to it."""

    start: datetime
    end: datetime


def instant(text: str) -> datetime:
    """A date or an hour of a request.

    Raises:
        AwsError: it is neither.

    """
    try:
        shape = _HOUR if "T" in text else "%Y-%m-%d"
        return datetime.strptime(text, shape).replace(tzinfo=UTC)
    except ValueError as error:
        raise validation(f"Invalid date {text}") from error


def span(given: Mapping[str, str]) -> Span:
    """A TimePeriod in order.

    Raises:
        AwsError: it is empty or runs backwards.

    """
    period = Span(instant(given["Start"]), instant(given["End"]))
    if period.start >= period.end:
        raise validation("Start date (and hour) should be before end date (and hour)")
    return period


def past(call: Call, given: Mapping[str, str], granularity: str | None) -> Span:
    """A TimePeriod of history, within what is kept.

    Raises:
        AwsError: too old, too far ahead, or hours where days are asked (and the reverse).

    """
    period = span(given)
    hourly = granularity == "HOURLY"
    if hourly != ("T" in given["Start"]) or hourly != ("T" in given["End"]):
        shape = "yyyy-MM-ddThh:mm:ssZ" if hourly else "yyyy-MM-dd"
        raise validation(f"Time period must be in format {shape} for {granularity or 'this'} granularity")
    if hourly and period.start < call.now - timedelta(days=14):
        raise validation("The hourly data is only available for the last 14 days")
    if period.start < oldest(call.now):
        raise validation("You haven't enabled historical data beyond 14 months")
    if period.end > following_month(call.now):
        raise validation("end date past the beginning of next month")
    return period


def oldest(now: datetime) -> datetime:
    """The first day of the oldest month that is kept."""
    index = now.year * 12 + now.month - 1 - HISTORY_MONTHS
    return datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC)


def following_month(at: datetime) -> datetime:
    """The first instant of the month after."""
    return datetime(at.year + at.month // 12, at.month % 12 + 1, 1, tzinfo=UTC)


def buckets(period: Span, granularity: str) -> list[Span]:
    """The period cut into months, days or hours; the first and last are as short as the request makes them."""
    cut: list[Span] = []
    at = period.start
    while at < period.end:
        if granularity == "MONTHLY":
            until = following_month(at)
        else:
            until = at + (timedelta(hours=1) if granularity == "HOURLY" else timedelta(days=1))
        cut.append(Span(at, min(until, period.end)))
        at = until
    return cut


def said(period: Span, granularity: str = "DAILY") -> dict[str, str]:
    """A period as replies write it."""
    shape = _HOUR if granularity == "HOURLY" else "%Y-%m-%d"
    return {"Start": period.start.strftime(shape), "End": period.end.strftime(shape)}


@dataclass(frozen=True)
class Where:
    """A condition over `line`, with its values in order."""

    sql: str
    values: tuple[Any, ...] = ()

    def __and__(self, other: "Where") -> "Where":
        return Where(f"({self.sql}) AND ({other.sql})", self.values + other.values)


def own_rows(call: Call) -> Where:
    """What the caller may see: the payer everything, a member its own, if members may look at all.

    Raises:
        AwsError: members may not, or there is no data yet.

    """
    if not call.is_management and not call.settings.get("members_see_costs"):
        raise AwsError("AccessDeniedException", "Linked account doesn't have access to Cost Explorer.")
    where = Where("payer = ?", (call.payer,))
    if not call.is_management:
        where &= Where("account = ?", (call.principal.account,))
    if not call.ledger.rows(f"SELECT 1 FROM line WHERE {where.sql} LIMIT 1", where.values):
        raise AwsError("DataUnavailableException", "Data is not available. Please try to adjust the time period.")
    return where


def in_span(period: Span) -> Where:
    """Rows whose charge period starts in the period."""
    bounds = (period.start.replace(tzinfo=None), period.end.replace(tzinfo=None))
    return Where("start_at >= ? AND start_at < ?", bounds)


def expression(given: Mapping[str, Any] | None) -> Where:
    """A filter expression as a condition.

    Raises:
        AwsError: it is no valid expression.

    """
    if given is None:
        return Where("true")
    if len(given) != 1:
        raise validation("Expression should have exactly one of And, Or, Not, Dimensions, Tags, CostCategories")
    ((kind, value),) = given.items()
    if kind in {"And", "Or"}:
        if len(value) < 2:
            raise validation(f"{kind} expression must have at least two operands")
        parts = [expression(part) for part in value]
        return Where(f" {kind.upper()} ".join(f"({p.sql})" for p in parts), tuple(v for p in parts for v in p.values))
    if kind == "Not":
        inner = expression(value)
        return Where(f"NOT ({inner.sql})", inner.values)
    if kind not in {"Dimensions", "Tags", "CostCategories"}:
        raise AwsError("NotImplementedByFake", f"filter by {kind}", 501)
    return _matches(_subject(kind, value), value.get("Values", []), value.get("MatchOptions") or ["EQUALS"])


def _subject(kind: str, given: Mapping[str, Any]) -> Where:
    """What is compared, as one SQL value with its own parameters."""
    key = given.get("Key", "")
    if kind == "Dimensions":
        if key not in DIMENSIONS:
            raise validation(f"Dimension {key} is not supported in this filter")
        return Where(DIMENSIONS[key])
    return grouping({"Type": "TAG" if kind == "Tags" else "COST_CATEGORY", "Key": key})


def grouping(given: Mapping[str, str]) -> Where:
    """The value by which a GroupBy puts rows together; NULL where a row has none.

    Raises:
        AwsError: there is no such dimension or cost category.

    """
    kind, key = given.get("Type", "DIMENSION"), given.get("Key", "")
    if kind == "TAG":
        return Where("tags[?]", (key,))
    if kind == "COST_CATEGORY":
        if key not in CATEGORIES:
            raise validation(f"Cost category {key} does not exist")
        path = "(SELECT o.path FROM organisation o WHERE o.sub_account_id = line.account AND o.valid_to IS NULL)"
        return Where(f"{path}[{CATEGORIES[key]}]")
    if key not in DIMENSIONS:
        raise validation(f"Group Definition dimension is invalid: {key}")
    return Where(DIMENSIONS[key])


def _matches(subject: Where, values: Sequence[str], options: Sequence[str]) -> Where:
    if "ABSENT" in options:
        return Where(f"{subject.sql} IS NULL", subject.values)
    if not values:
        raise validation("Values must not be empty unless the match option is ABSENT")
    how = next((o for o in options if o in {"EQUALS", "STARTS_WITH", "ENDS_WITH", "CONTAINS"}), "EQUALS")
    fold = "lower" if "CASE_INSENSITIVE" in options else ""
    text = f"{fold}(COALESCE({subject.sql}, ''))"
    test = {
        "EQUALS": f"{text} = {fold}(?)",
        "STARTS_WITH": f"starts_with({text}, {fold}(?))",
        "ENDS_WITH": f"ends_with({text}, {fold}(?))",
        "CONTAINS": f"contains({text}, {fold}(?))",
    }[how]
    found = tuple(v for value in values for v in (*subject.values, value))
    return Where(" OR ".join([test] * len(values)), found)
