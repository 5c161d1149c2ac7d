"""Every page of one Cost Explorer request, each paid from the purse: whole and without repeats, or an error."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from servers.aws.errors import may_have_been_served
from servers.aws.live import COST_EXPLORER_PRICE, Live
from shared_models.base import WireModel
from shared_models.errors import FinOpsError, SourceChangedError, UpstreamUnavailableError
from shared_models.money import ExactDecimal

_RESTARTS: Final = 2


class Figure(WireModel):
    """One group in one bucket, as Cost Explorer calls them."""

    start: str
    keys: tuple[str, ...]
    amount: ExactDecimal
    currency: str


class Figures(WireModel):
    """All figures of one request; `estimated` where a bucket is not final, `requests` is what was paid for."""

    figures: tuple[Figure, ...]
    estimated: bool
    requests: int


def read_through(live: Live, payer: str, arguments: Mapping[str, Any]) -> Figures:
    """The whole answer of GetCostAndUsage; blocking. Begins again where the data changed between two pages.

    Raises:
        PurseEmptyError: the day's limit is reached; pages that were paid for are not answered in part.
        SourceChangedError: the data changed again and again, or pages contradict each other.
        FinOpsError: what AWS says otherwise.

    """
    for last in [*[False] * _RESTARTS, True]:
        try:
            return _once(live, payer, arguments)
        except SourceChangedError:
            if last:
                raise
    raise AssertionError


def paid(live: Live, payer: str, operation: str, arguments: Mapping[str, Any]) -> Any:
    """One request that costs a cent if it is served.

    Raises:
        PurseEmptyError: the day's limit is reached; nothing was asked.
        FinOpsError: what AWS says otherwise.

    """
    day = live.purse.take(COST_EXPLORER_PRICE)
    try:
        return live.asked("ce", operation, payer, dict(arguments))
    except FinOpsError as error:
        if not may_have_been_served(error.__cause__):
            live.purse.give_back(COST_EXPLORER_PRICE, day)
        raise


def paid_pages(
    live: Live,
    payer: str,
    operation: str,
    arguments: Mapping[str, Any],
    member: str,
    token: str = "NextPageToken",  # noqa: S107
) -> Iterator[Mapping[str, Any]]:
    """Every page of an operation, each a request that costs a cent; `member` is what a whole page has, `token`
    what its page token is called. Blocking.

    Raises:
        PurseEmptyError: the day's limit is reached.
        UpstreamUnavailableError: a page is cut off, or leads to itself.
        FinOpsError: what AWS says otherwise.

    """
    tokens: set[str] = set()
    place: str | None = None
    while True:
        page = paid(live, payer, operation, {**arguments, **({token: place} if place else {})})
        if member not in page:
            raise UpstreamUnavailableError(f"Cost Explorer answered without {member}.", hint="Repeat the question.")
        yield page
        place = page.get(token)
        if not place:
            return
        if place in tokens:
            raise SourceChangedError("Cost Explorer gave the same page token twice.", hint="Repeat the question.")
        tokens.add(place)


def _once(live: Live, payer: str, arguments: Mapping[str, Any]) -> Figures:
    found: dict[tuple[str, tuple[str, ...]], Figure] = {}
    tokens: set[str] = set()
    spans: set[tuple[str, str]] = set()
    estimated, requests, token = False, 0, None
    [metric] = arguments["Metrics"]
    while True:
        page = paid(live, payer, "get_cost_and_usage", {**arguments, **({"NextPageToken": token} if token else {})})
        requests += 1
        for result in _results(page):
            spans.add((result["TimePeriod"]["Start"], result["TimePeriod"]["End"]))
            estimated = estimated or bool(result.get("Estimated"))
            for figure in _figures(result, metric, grouped="GroupBy" in arguments):
                if found.setdefault((figure.start, figure.keys), figure) != figure:
                    raise SourceChangedError(
                        "Two pages of Cost Explorer contradict each other.", hint="Repeat the question."
                    )
        token = page.get("NextPageToken")
        if not token:
            _require_every_bucket(spans, arguments["TimePeriod"], f"{live.clock():%Y-%m-%d}")
            return Figures(figures=tuple(found.values()), estimated=estimated, requests=requests)
        if token in tokens:
            raise SourceChangedError("Cost Explorer gave the same page token twice.", hint="Repeat the question.")
        tokens.add(token)


def _results(page: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A reply that was cut off reads as an empty success: without its one required part it is no answer."""
    if not page.get("ResultsByTime"):
        raise UpstreamUnavailableError("Cost Explorer answered without any result.", hint="Repeat the question.")
    return page["ResultsByTime"]


def _require_every_bucket(spans: set[tuple[str, str]], asked: Mapping[str, str], today: str) -> None:
    """Buckets follow each other from the first day to the last, or to today: a missing day would pass for free."""
    day = asked["Start"]
    for start, end in sorted(spans):
        if start[: len(day)] > day:
            break
        day = max(day, end[: len(day)])
    if day < min(asked["End"], today):
        raise UpstreamUnavailableError(f"Cost Explorer left out {day} and later.", hint="Repeat the question.")


def _figures(result: Mapping[str, Any], metric: str, *, grouped: bool) -> list[Figure]:
    start = result["TimePeriod"]["Start"]
    rows = [(group["Keys"], group["Metrics"]) for group in result["Groups"]] if grouped else [((), result["Total"])]
    return [
        Figure(start=start, keys=tuple(keys), amount=Decimal(said[metric]["Amount"]), currency=said[metric]["Unit"])
        for keys, said in rows
    ]


def question_key(payer: str, operation: str, arguments: Mapping[str, Any]) -> str:
    """What makes two questions identical."""
    return json.dumps([payer, operation, arguments], sort_keys=True, separators=(",", ":"))
