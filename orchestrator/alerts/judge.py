"""From series to incidents: judged day by day, joined over days, rolled up to the highest level that explains them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from math import log
from statistics import median
from typing import Final

import numpy as np

from orchestrator.alerts.scope import LEVELS, Scope, Series
from orchestrator.analyses.anomalies.calendar import Days
from orchestrator.analyses.anomalies.detector import CENT, Detected, Floats, Kind, detect

SETTLING: Final = timedelta(days=3)
"""The last days of a cloud's data still grow: a fall in them says nothing, a rise is provisional."""
_EXPLAINS: Final = Decimal("0.5")
_MOVED: Final = Decimal("0.2")
_RESTARTS: Final = 4
_LOOK_BACK: Final = 120
_HABIT_WITHIN: Final = timedelta(days=60)
_HABIT_SIZE: Final = 0.7
_HABIT_TIMES: Final = 2
_LEAST_OF_A_DAY: Final = Decimal("0.02")
"""Of what the estate costs on a usual day: less money than this is no alert."""
_CENTS: Final = Decimal("0.01")
Allowed = Mapping[tuple[Scope, int], float]


@dataclass
class Incident:
    """Days on which a scope cost what nobody could expect; `impact` = actual - expected, exactly."""

    scope: Scope
    sign: int
    first: date
    last: date
    kind: Kind
    actual: Decimal
    expected: Decimal
    excess: float
    provisional: bool
    children: "list[Incident]" = field(default_factory=list["Incident"])

    @property
    def impact(self) -> Decimal:
        """What it cost more, or less, than expected."""
        return self.actual - self.expected

    @property
    def change(self) -> float:
        """Its size in logs: what an owner allows who calls it expected."""
        days = (self.last - self.first).days + 1
        actual, expected = (float(max(cost, Decimal(0))) / days + CENT for cost in (self.actual, self.expected))
        return log(actual / expected)


def incidents(series: Series, allowed: Allowed, since: date) -> tuple[list[Incident], int]:
    """What ended on or after `since`, rolled up, largest first; and how many only moved between parts."""
    scopes = [scope for scope in series.costs if scope in series.known]
    if not scopes:
        return [], 0
    cost = matrix(series, scopes)
    up, down = (np.array([allowed.get((scope, sign), 0.0) for scope in scopes]) for sign in (1, -1))
    detected = detect(cost, Days(series.first), up, down)
    found = [incident for row, scope in enumerate(scopes) for incident in _joined(series, scope, row, detected, since)]
    least = {scope.currency: _usual_day(series, scope) * _LEAST_OF_A_DAY for scope in scopes if not scope.where}
    found = [one for one in found if abs(one.impact) >= least.get(one.scope.currency, Decimal(0))]
    kept, moved = _without_moves(found)
    return sorted(_rolled_up(kept), key=lambda one: (-abs(one.impact), str(one.scope))), moved


def matrix(series: Series, scopes: Sequence[Scope]) -> Floats:
    """The series of these scopes as rows; NaN where a cloud has no data."""
    return np.array([_row(series, scope) for scope in scopes], float)


def _row(series: Series, scope: Scope) -> list[float]:
    start, end = series.known[scope]
    days = (series.first + timedelta(days=number) for number in range(series.length))
    return [float(series.costs[scope].get(day, 0)) if start <= day <= end else float("nan") for day in days]


def _joined(series: Series, scope: Scope, row: int, detected: Detected, since: date) -> list[Incident]:
    """The flagged days of one scope; days at most one quiet day apart and on one side are one incident."""
    runs: list[list[int]] = []
    settled = (series.known[scope][1] - SETTLING - series.first).days
    runs_seldom = _restarts(series, scope)
    for day in np.flatnonzero(detected.kinds[row]).tolist():
        sign = detected.signs[row, day]
        if (sign < 0 and day > settled) or runs_seldom(day):
            continue
        if runs and day - runs[-1][-1] <= 2 and detected.signs[row, runs[-1][-1]] == sign:  # noqa: PLR2004
            runs[-1].append(day)
        else:
            runs.append([day])
    found = [_incident(series, scope, row, detected, run) for run in runs]
    return [one for number, one in enumerate(found) if one.last >= since and not _habit(one, found[:number])]


def _habit(one: Incident, earlier: Sequence[Incident]) -> bool:
    """Whether the scope did the like of it several times in the two months before: that is how it costs."""
    alike = (
        other
        for other in earlier
        if one.first - other.first <= _HABIT_WITHIN
        and one.sign == other.sign
        and abs(other.change) >= _HABIT_SIZE * abs(one.change)
    )
    return sum(1 for _ in alike) >= _HABIT_TIMES


def _restarts(series: Series, scope: Scope) -> Callable[[int], bool]:
    """Whether a scope had begun to cost again so often that its zeros are its habit: its parent is judged instead."""
    costs, day = series.costs[scope], timedelta(days=1)
    begun = [(at - series.first).days for at in sorted(costs) if costs[at] and not costs.get(at - day)]
    return lambda number: sum(number - _LOOK_BACK <= start < number for start in begun) >= _RESTARTS


def _usual_day(series: Series, scope: Scope) -> Decimal:
    """The median day of the newest eight weeks."""
    newest = sorted(series.costs[scope])[-56:]
    return median(series.costs[scope][day] for day in newest) if newest else Decimal(0)


def _incident(series: Series, scope: Scope, row: int, detected: Detected, run: list[int]) -> Incident:
    if detected.kinds[row, run[0]] == Kind.THREE_DAYS:  # the flag stands on the last of the three
        run = [run[0] - 2, *run]
    days = [series.first + timedelta(days=day) for day in range(run[0], run[-1] + 1)]
    ahead = (Decimal(float(detected.expected[row, day])).quantize(_CENTS) for day in range(run[0], run[-1] + 1))
    return Incident(
        scope=scope,
        sign=int(detected.signs[row, run[-1]]),
        first=days[0],
        last=days[-1],
        kind=Kind(int(detected.kinds[row, run[-1]])),
        actual=sum((series.costs[scope].get(day, Decimal(0)) for day in days), Decimal(0)),
        expected=sum(ahead, Decimal(0)),
        excess=float(detected.excess[row, run[0] : run[-1] + 1].max()),
        provisional=days[-1] > series.known[scope][1] - SETTLING,
    )


def _overlap(one: Incident, other: Incident) -> bool:
    day = timedelta(days=1)
    return one.first <= other.last + day and other.first <= one.last + day


def _without_moves(found: list[Incident]) -> tuple[list[Incident], int]:
    """What left one service for another of an account, or one account for another of a service, only moved.

    With it go the scopes above that were flagged for its money alone.
    """
    deepest = [one for one in found if len(one.scope.where) == len(LEVELS[-1])]
    moved = {id(one) for one in deepest if any(_is_move(one, other) for other in deepest)}
    gone = [one for one in deepest if id(one) in moved]
    moved |= {id(one) for one in found if any(_for_its_money(one, other) for other in gone)}
    return [one for one in found if id(one) not in moved], len(gone)


def _is_move(one: Incident, other: Incident) -> bool:
    differ = sum(mine != others for mine, others in zip(one.scope.where, other.scope.where, strict=True))
    if one.scope.currency != other.scope.currency or one.sign == other.sign or differ != 1:
        return False
    return abs(one.first - other.first) <= timedelta(days=1) and _like(one, other, -1)


def _for_its_money(above: Incident, one: Incident) -> bool:
    return above.sign == one.sign and above.scope.contains(one.scope) and _overlap(above, one) and _like(above, one, 1)


def _like(one: Incident, other: Incident, sign: int) -> bool:
    """Whether both are the same money, within a fifth."""
    return abs(one.impact - sign * other.impact) <= _MOVED * max(abs(one.impact), abs(other.impact))


def _rolled_up(found: list[Incident]) -> list[Incident]:
    """Each at the highest level that explains it; what lies in it, or beside it for the same reason, is attached."""
    standing: list[Incident] = []
    for one in sorted(found, key=lambda one: (len(one.scope.where), -abs(one.impact), str(one.scope))):
        parent = next((other for other in standing if _explains(other, one)), None)
        if parent is None:
            standing.append(one)
        else:
            parent.children.append(one)
    return standing


def _explains(parent: Incident, one: Incident) -> bool:
    alike = parent.sign == one.sign and parent.scope.meets(one.scope) and _overlap(parent, one)
    if not alike:
        return False
    if parent.scope.contains(one.scope):
        return True
    smaller, larger = sorted((abs(parent.impact), abs(one.impact)))
    return smaller >= _EXPLAINS * larger
