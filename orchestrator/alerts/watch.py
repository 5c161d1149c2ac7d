"""Anomalies of the estate, as people have judged them: found, told why, and what was said of them kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from orchestrator.alerts.judge import Incident, incidents
from orchestrator.alerts.reason import reasons, resources
from orchestrator.alerts.report import Anomaly, AnomalyAnswer, id_of, record, shown
from orchestrator.alerts.scope import Scope, Series
from orchestrator.alerts.series import estate_of, series_of
from orchestrator.query.engine import QueryEngine
from orchestrator.state.anomaly import Allowance, Anomalies, AnomalyStatus, Said
from shared_models.errors import InvalidArgumentError
from shared_models.period import ChargePeriod
from shared_models.query import CostFilter

_HIDDEN = {AnomalyStatus.EXPECTED, AnomalyStatus.RESOLVED}
_LEAST_DAYS = 70


@dataclass(frozen=True)
class Wish:
    """What is asked: days, part of the bill, how many; or one anomaly, with a status to set or its record."""

    period: ChargePeriod
    filters: tuple[CostFilter, ...] = ()
    limit: int = 3
    anomaly_id: str | None = None
    status: AnomalyStatus | None = None
    note: str = ""
    with_record: bool = False


class Watch:
    """Finds anomalies over one engine, with what is kept of them in the user's state."""

    def __init__(self, engine: QueryEngine, kept: Anomalies, expected: Sequence[str] = ()) -> None:
        self._engine = engine
        self._kept = kept
        self._expected = expected

    def find(self, wish: Wish, now: datetime) -> AnomalyAnswer:
        """The anomalies of these days.

        Raises:
            InvalidArgumentError: a status or a record without the id of an anomaly of these days.
            DataNotReadyError: the ledger holds nothing yet.

        """
        snapshot = self._engine.snapshot()
        first, until = wish.period.start.date(), min(wish.period.end.date(), now.date())
        series, evidence = series_of(self._engine, first, until, wish.filters, self._expected, snapshot.generation)
        estate = estate_of(self._engine, wish.period, wish.filters, self._expected, snapshot.generation)
        allowed = {(Scope(one.currency, one.where), one.sign): one.change for one in self._kept.allowances()}
        found, moved = incidents(series, allowed, first)
        found = [one for one in found if one.first < until]
        said = self._kept.said()
        if wish.anomaly_id is not None:
            found = [_named(found, wish.anomaly_id)]
            said = self._note(found[0], wish, said, now)
        listed = [one for one in found if wish.anomaly_id or _status(said, one) not in _HIDDEN]
        usual = _usual_days(series)
        lines = [self._line(one, _status(said, one), usual, wish, snapshot.generation) for one in listed[: wish.limit]]
        weeks = max((until - max(first, series.first)).days, 1) / 7
        return AnomalyAnswer(
            notes=(*estate.notes, *_notes(series, moved, len(found) - len(listed))),
            anomalies=tuple(lines),
            not_listed=len(listed) - len(lines),
            alerts_per_week=round(len(listed) / weeks, 2),
            record=record(lines[0], self._owners(lines[0]), now.date()) if wish.with_record and lines else None,
            coverage=estate.coverage,
            evidence=evidence.derived(
                "find_anomalies", wish, sorted(map(str, allowed)), complete=estate.coverage.complete
            ),
        )

    def _note(self, one: Incident, wish: Wish, said: dict[str, Said], now: datetime) -> dict[str, Said]:
        if wish.status is None:
            return said
        allowances = [
            Allowance(part.scope.currency, part.scope.where, part.sign, abs(part.change) * 1.1)
            for part in (one, *one.children)
        ]
        self._kept.say(id_of(one), wish.status, wish.note, allowances, now)
        return self._kept.said()

    def _line(
        self, one: Incident, status: AnomalyStatus, usual: dict[str, float], wish: Wish, generation: int
    ) -> Anomaly:
        why = reasons(self._engine, one, wish.filters, generation)
        where = why[0].where if why else {}
        moved = resources(self._engine, one, where, wish.filters)
        return shown(one, status, usual.get(one.scope.currency, 0.0), why, moved)

    def _owners(self, anomaly: Anomaly) -> str:
        """Who is asked: the account, and the business dimensions that are known for it."""
        where = {**anomaly.scope, **(anomaly.causes[0].where if anomaly.causes else {})}
        account = where.get("SubAccountId")
        return f"the owners of account {account}" if account else "the owners of the accounts named under cause"


def _named(found: Sequence[Incident], anomaly_id: str) -> Incident:
    for one in found:
        if id_of(one) == anomaly_id:
            return one
    raise InvalidArgumentError(
        "anomaly_id", "No anomaly of this id lies in this period.", hint="List the period first; ids come from there."
    )


def _status(said: dict[str, Said], one: Incident) -> AnomalyStatus:
    known = said.get(id_of(one))
    return known.status if known else AnomalyStatus.OPEN


def _usual_days(series: Series) -> dict[str, float]:
    whole = {scope.currency: costs for scope, costs in series.costs.items() if not scope.where}
    return {currency: float(median(costs.values())) for currency, costs in whole.items() if costs}


def _notes(series: Series, moved: int, hidden: int) -> list[str]:
    """What to know before using the list."""
    notes: list[str] = []
    if series.length < _LEAST_DAYS or not series.known:
        notes.append(f"Nothing was judged: {_LEAST_DAYS} days of history are needed, the ledger holds {series.length}.")
    if moved:
        notes.append(f"{moved} rises and falls of like size only moved cost between parts and are not listed.")
    if hidden:
        notes.append(f"{hidden} that were called expected or resolved are not listed.")
    return notes
