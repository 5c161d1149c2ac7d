"""Every page of one Query: whole, exact, of the days that were asked for, and without repeats, or an error."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from servers.azure.cost_query.question import Asked
from servers.azure.live import COST_MANAGEMENT_VERSION, Live
from servers.azure.scopes import Scope
from shared_models.base import WireModel
from shared_models.errors import SourceChangedError, UpstreamUnavailableError
from shared_models.money import ExactDecimal
from shared_models.period import month_start

_MOST_ROWS: Final = 5000
_CALL: Final = "query.usage"


class Figure(WireModel):
    """One group on one day or month (none where the whole span is one), as Azure calls them."""

    start: str | None
    keys: tuple[str | None, ...]
    amount: ExactDecimal
    currency: str


class Figures(WireModel):
    """All figures of one request, and how many calls it took."""

    figures: tuple[Figure, ...]
    requests: int


def read_through(live: Live, scope: Scope, asked: Asked) -> Figures:
    """The whole answer of one request at a scope; blocking.

    Raises:
        SourceChangedError: pages contradict each other, or Azure answered other days than it was asked for.
        UpstreamUnavailableError: a page is not what it should be, or its link leads elsewhere.
        FinOpsError: what Azure says otherwise.

    """
    address = (
        f"{scope.id}/providers/Microsoft.CostManagement/query?api-version={COST_MANAGEMENT_VERSION}&$top={_MOST_ROWS}"
    )
    found: dict[tuple[str | None, tuple[str | None, ...], str], Figure] = {}
    seen: set[str] = set()
    before: list[Any] = []
    while True:
        reply = live.sent("costmanagement", _CALL, scope.tenant, "POST", address, dict(asked.body), on=scope.id)
        columns, rows, link = _page(reply.text)
        if rows != before:
            for figure in _figures(columns, rows, asked):
                key = (figure.start, figure.keys, figure.currency)
                if key in found:
                    raise SourceChangedError(
                        "Two pages of Cost Management contradict each other.", hint="Repeat the question."
                    )
                found[key] = figure
        seen.add(address)
        if not link:
            return Figures(figures=tuple(found.values()), requests=len(seen))
        if link in seen:
            raise SourceChangedError("Cost Management gave the same page twice.", hint="Repeat the question.")
        before, address = rows, link


def _page(text: str) -> tuple[list[str], list[list[Any]], str | None]:
    """(names of columns, rows with exact numbers, link to the next page)."""
    try:
        said: Any = json.loads(text, parse_float=Decimal, parse_int=Decimal)["properties"]
        return [str(one["name"]) for one in said["columns"]], list(said["rows"]), said.get("nextLink") or None
    except (KeyError, TypeError, ValueError) as error:
        raise UpstreamUnavailableError(
            "Cost Management answered a page that is no page.", hint="Repeat the question."
        ) from error


def _figures(columns: Sequence[str], rows: Sequence[Sequence[Any]], asked: Asked) -> list[Figure]:
    places = _places(columns, asked.body["dataset"])
    figures: list[Figure] = []
    for row in rows:
        day = _day(row[places.date]) if places.date is not None else None
        if day is not None and not _first(asked, by_month=places.by_month) <= day < asked.period.end:
            raise SourceChangedError(
                f"Cost Management answered for {day:%Y-%m-%d}, which was not asked for.",
                hint="Check this machine's clock: Azure moves a time that lies in its future.",
            )
        figures.append(
            Figure(
                start=f"{day:%Y-%m-%d}" if day else None,
                keys=tuple(None if row[place] is None else str(row[place]) for place in places.keys),
                amount=Decimal(row[places.cost]),
                currency=str(row[places.currency]),
            )
        )
    return figures


class _Places(WireModel):
    """Where in a row the figures stand."""

    cost: int
    currency: int
    date: int | None
    by_month: bool
    keys: tuple[int, ...]


def _places(columns: Sequence[str], dataset: Mapping[str, Any]) -> _Places:
    """Columns by their names; a tag has two, its key and its value."""
    known = {name.lower(): place for place, name in reversed(list(enumerate(columns)))}
    values = [place for place, name in enumerate(columns) if name.lower() == "tagvalue"]
    try:
        keys = tuple(
            values.pop(0) if group["type"] == "TagKey" else known[group["name"].lower()]
            for group in dataset.get("grouping", ())
        )
        date = {"Daily": "usagedate", "Monthly": "billingmonth"}.get(dataset["granularity"])
        return _Places(
            cost=known["cost"],
            currency=known["currency"],
            date=known[date] if date else None,
            by_month=date == "billingmonth",
            keys=keys,
        )
    except (KeyError, IndexError) as error:
        raise UpstreamUnavailableError(
            f"Cost Management left out a column: it has {', '.join(columns)}.", hint="Repeat the question."
        ) from error


def _first(asked: Asked, *, by_month: bool) -> datetime:
    start = asked.period.start
    return month_start(start.year, start.month) if by_month else start


def _day(told: Any) -> datetime:
    """`20261001` as a number, or `2026-10-01T00:00:00`."""
    text = str(told)
    try:
        if isinstance(told, Decimal):
            return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)
        return datetime.fromisoformat(text[:10]).replace(tzinfo=UTC)
    except ValueError as error:
        raise UpstreamUnavailableError(
            "Cost Management answered a date that is none.", hint="Repeat the question."
        ) from error
