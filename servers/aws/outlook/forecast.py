"""The forecast port: GetCostForecast of each payer, a cent a question, kept for a day."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from pydantic import TypeAdapter

from servers.aws.cost_explorer.costs import is_asked
from servers.aws.cost_explorer.pages import paid, question_key
from servers.aws.cost_explorer.question import expression_of, metric_of
from servers.aws.live import Live
from servers.aws.outlook.payers import of_payers
from servers.kit.live.threads import off_loop
from servers.kit.ports import ForecastAnswer
from shared_models.coverage import Freshness
from shared_models.errors import InvalidPeriodError, UpstreamUnavailableError
from shared_models.forecast import ForecastLine, ForecastQuery, ForecastStep
from shared_models.period import month_start, parse_instant

FRESH_FOR: Final = timedelta(hours=24)
METRICS: Final[Mapping[str, str]] = {
    "NetUnblendedCost": "NET_UNBLENDED_COST",
    "NetAmortizedCost": "NET_AMORTIZED_COST",
}
"""Cost Explorer's own names of one metric, in its answers and in its forecasts."""
_MOST_DAYS: Final = 92
_MOST_MONTHS: Final = 18
Told = tuple[tuple[ForecastLine, ...], tuple[Freshness, ...]]
_LINES: Final = TypeAdapter(tuple[ForecastLine, ...])


class LiveForecast:
    """Answers `forecast_costs`."""

    def __init__(self, live: Live) -> None:
        self._live = live

    async def ask(self, query: ForecastQuery) -> ForecastAnswer:
        """Every payer's forecast; what one payer does not tell is a gap beside the others.

        Raises:
            InvalidPeriodError: the period begins before today, ends too far ahead, or is not of whole days.
            SourceNotEnabledError: Cost Explorer does not forecast this metric or filter.
            FinOpsError: no payer told anything; the last one's reason.

        """
        arguments = self._arguments(query)

        async def ask(payer: str) -> Told:
            return await self._of(payer, arguments) if is_asked(payer, query.filters) else ((), ())

        told, gaps, problem = await of_payers(self._live, "forecast", ask)
        if problem is not None and not told:
            raise problem
        lines = tuple(line for one, _ in told for line in one)
        freshness = tuple(fresh for _, one in told for fresh in one)
        metric = metric_of(query.metric)
        notes = (
            f"{query.metric.value} is forecast as {metric} of Cost Explorer; of the open month only days from today on",
            f"bounds hold in {query.level} of 100 cases for each bucket; they do not add up over buckets",
        )
        return ForecastAnswer(lines, freshness, gaps, notes)

    async def _of(self, payer: str, arguments: Mapping[str, Any]) -> Told:
        async def ask() -> str:
            said = await off_loop(paid, self._live, payer, "get_cost_forecast", arguments)
            return _LINES.dump_json(_lines(said, payer, arguments)).decode()

        # A day's forecast looks from that day on: tomorrow's is another question.
        key = question_key(payer, "GetCostForecast", {**arguments, "asked on": f"{self._live.clock():%Y-%m-%d}"})
        kept = await self._live.answers.get(key, FRESH_FOR, ask)
        origin = f"Cost Explorer forecast of {payer}{', from cache' if kept.from_cache else ''}"
        return _LINES.validate_json(kept.body), (Freshness(source="aws", fetched_at=kept.fetched_at, origin=origin),)

    def _arguments(self, query: ForecastQuery) -> dict[str, Any]:
        now = self._live.clock()
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        start, end = query.period.start, query.period.end
        by_day = query.granularity is ForecastStep.DAY
        if any((at.hour, at.minute, at.second, at.microsecond) != (0, 0, 0, 0) for at in (start, end)):
            raise InvalidPeriodError("Cost Explorer forecasts whole days (UTC) only.")
        if start < today:
            raise InvalidPeriodError(
                f"A forecast begins today ({today:%Y-%m-%d}) or later; use query_costs for the past."
            )
        latest = today + timedelta(days=_MOST_DAYS) if by_day else month_start(now.year, now.month + _MOST_MONTHS)
        if end > latest:
            raise InvalidPeriodError(f"Cost Explorer forecasts to {latest:%Y-%m-%d} by {query.granularity.value}.")
        arguments: dict[str, Any] = {
            "TimePeriod": {"Start": f"{start:%Y-%m-%d}", "End": f"{end:%Y-%m-%d}"},
            "Metric": METRICS[metric_of(query.metric)],
            "Granularity": "DAILY" if by_day else "MONTHLY",
            "PredictionIntervalLevel": query.level,
        }
        if expression := expression_of(query.filters):
            arguments["Filter"] = expression
        return arguments


def _lines(said: Mapping[str, Any], payer: str, arguments: Mapping[str, Any]) -> tuple[ForecastLine, ...]:
    """The buckets of a whole answer."""
    results, total = said.get("ForecastResultsByTime"), said.get("Total")
    if not results or not total:
        raise UpstreamUnavailableError("Cost Explorer forecast nothing.", hint="Repeat the question.")
    return tuple(
        ForecastLine(
            billing_account_id=payer,
            start=parse_instant(one["TimePeriod"]["Start"]),
            end=parse_instant(one["TimePeriod"]["End"]),
            mean=Decimal(one["MeanValue"]),
            lower=_bound(one, "Lower"),
            upper=_bound(one, "Upper"),
            currency=total["Unit"],
            native_metric=arguments["Metric"],
        )
        for one in results
    )


def _bound(said: Mapping[str, Any], side: str) -> Decimal | None:
    value = said.get(f"PredictionInterval{side}Bound")
    return None if value is None else Decimal(value)
