"""A question for the future over the newest snapshot: its history, the ends of commitments, the answer in words."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from orchestrator.analyses.forecast.ensemble import LIGHT
from orchestrator.forecasts.asked import Asked, Request
from orchestrator.forecasts.forecast import Forecaster
from orchestrator.forecasts.history import History, history_of
from orchestrator.forecasts.report import CurrencyForecast, ForecastAnswer
from orchestrator.ledger.datasets import Datasets
from orchestrator.query.engine import QueryEngine
from shared_models.dataset import DatasetName
from shared_models.errors import InvalidArgumentError
from shared_models.money import plain
from shared_models.period import ChargePeriod

_FURTHEST: Final = timedelta(days=549)
"""Eighteen months."""
_YEAR: Final = 365


class Forecasts:
    """Forecasts over one engine."""

    def __init__(self, engine: QueryEngine, datasets: Datasets, now: datetime, expected: Sequence[str] = ()) -> None:
        self._engine = engine
        self._datasets = datasets
        self._now = now
        self._expected = expected

    def ask(self, asked: Asked, request: Request) -> ForecastAnswer:
        """The forecast of a period.

        Raises:
            InvalidArgumentError: the period is over, too far away or cut within a day; an amount without a currency.
            DataNotReadyError: there is too little settled history.
            RequestError: a group or filter that does not exist.

        """
        if request.period.end > self._now + _FURTHEST:
            raise InvalidArgumentError(
                "period", "The period ends more than 18 months from now.", hint="Ask for a nearer one."
            )
        history = history_of(self._engine, asked, self._now, self._expected)
        forecaster = Forecaster(history, request, self._ends())
        found = [forecaster.currency(currency) for currency in history.currencies]
        answer = history.answer
        return ForecastAnswer(
            notes=(*_notes(history, found, request), *answer.notes),
            metric=asked.metric,
            period=request.period,
            level=request.level,
            history=ChargePeriod(start=_midnight(history.first), end=_midnight(history.until)),
            group_by=asked.group_by,
            totals=tuple(found),
            coverage=answer.coverage,
            evidence=answer.evidence.derived("forecast_costs", request, complete=answer.coverage.complete),
        )

    def _ends(self) -> dict[str, date]:
        """The day on which each commitment ends, as the clouds' servers say."""
        rows: Sequence[dict[str, Any]] = self._datasets.items(*self._datasets.current(DatasetName.COMMITMENTS))
        return {str(row["commitment_discount_id"]): row["end"].date() for row in rows if row.get("end")}


def _notes(history: History, found: Sequence[CurrencyForecast], request: Request) -> list[str]:
    """What a reader must know first: how good it was on the past, what it rests on, what it leaves out."""
    notes: list[str] = []
    days = (history.until - history.first).days
    for one in found:
        tested = one.tested
        if tested.total_error is not None and tested.bias is not None:
            notes.append(
                f"{one.currency}: on {tested.held_out} held-out stretches of {tested.days} days the sum was off by"
                f" {tested.total_error:.1%} on average, bias {tested.bias:+.1%} (FinOps Framework: up to 12-20 %)"
            )
        else:
            notes.append(f"{one.currency}: too little history to hold anything out; the interval is a guess")
        if LIGHT in one.models and not request.light:
            notes.append("a light model answered; `pip install skyledger[analytics]` brings the statistical ones")
        if tested.mase is not None and tested.mase > 1:
            notes.append(f"{one.currency}: the models did worse on this series than repeating the last week")
        once = history.once.get(one.currency)
        if once:
            notes.append(f"{one.currency}: one-time charges of {plain(once)} in the last year are not repeated")
    ahead = (request.period.end.astimezone(UTC).date() - history.until).days
    if ahead > days:
        notes.append(
            f"{ahead} days ahead from {days} days of history: the level is carried on, no yearly season is known"
        )
    elif days < _YEAR:
        notes.append(f"{days} days of history: no yearly season is known")
    notes.append(f"settled bills reach to {history.until}; newer days are forecast, not read")
    return list(dict.fromkeys(notes))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
