"""How fast Cost Management may be asked: its query processing units per tenant, and the waits that Azure asks for."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from shared_models.errors import ThrottledError

WINDOWS: Final = ((10.0, 12.0), (60.0, 60.0), (3600.0, 600.0))
"""Seconds, units: what a tenant may use in any span so long."""
_COST_MANAGEMENT: Final = "x-ms-ratelimit-microsoft.costmanagement-"
_MARGIN: Final = 0.05


@dataclass(frozen=True)
class Timing:
    """The clock of quotas and how to wait on it."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass
class Taken:
    """Units of one request: they count as used now until the request has ended."""

    units: float
    ended: float | None = None


@dataclass
class Budget:
    """The units of one tenant, shared by all of its calls. Safe for many threads.

    Azure counts a request when it arrives, which we only know to lie before its answer: so it is counted from then.
    """

    timing: Timing = field(default_factory=Timing)
    patience: float = 90
    _log: deque[Taken] = field(default_factory=deque[Taken])
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _not_before: float = 0.0

    def take(self, units: float) -> Taken:
        """Wait until so many units fit, and count them.

        Raises:
            ThrottledError: they do not fit before the patience ends; nothing may be asked.

        """
        units = min(units, WINDOWS[0][1])
        deadline = self.timing.clock() + self.patience
        while True:
            with self._guard:
                now = self.timing.clock()
                wait = max(self._not_before - now, self._wait(units, now))
                if wait <= 0:
                    taken = Taken(units)
                    self._log.append(taken)
                    return taken
            if now + wait > deadline:
                raise ThrottledError(
                    f"The tenant's quota of Cost Management is used up for {wait:.0f} s more.",
                    hint="Repeat it then: what was read is kept. Exports do not use the quota.",
                )
            self.timing.sleep(wait)

    def settle(self, taken: Taken, units: float | None) -> None:
        """A request has ended; `units` is what Azure says that it used."""
        with self._guard:
            taken.ended = self.timing.clock()
            taken.units = taken.units if units is None else units

    def hold(self, seconds: float) -> None:
        """Let nothing of this tenant go out for so long."""
        with self._guard:
            self._not_before = max(self._not_before, self.timing.clock() + seconds)

    def left(self) -> float:
        """What the hour has left."""
        with self._guard:
            span, most = WINDOWS[-1]
            return max(0.0, most - sum(one.units for one in self._inside(span, self.timing.clock())))

    def _wait(self, units: float, now: float) -> float:
        while self._log and self._log[0].ended is not None and self._log[0].ended <= now - WINDOWS[-1][0] - _MARGIN:
            self._log.popleft()
        return max(self._until_free(units, span, most, now) for span, most in WINDOWS)

    def _until_free(self, units: float, span: float, most: float, now: float) -> float:
        inside = self._inside(span, now)
        too_much = sum(one.units for one in inside) + units - most
        if too_much <= 0:
            return 0.0
        for one in sorted(inside, key=lambda one: one.ended or now):
            too_much -= one.units
            if too_much <= 0:
                return max(_MARGIN, (one.ended or now) + span + _MARGIN - now if one.ended else _MARGIN)
        return span

    def _inside(self, span: float, now: float) -> list[Taken]:
        return [one for one in self._log if one.ended is None or one.ended > now - span - _MARGIN]


class Budgets:
    """The budget of each tenant."""

    def __init__(self, timing: Timing, patience: float) -> None:
        self._guard = threading.Lock()
        self._of: defaultdict[str | None, Budget] = defaultdict(lambda: Budget(timing, patience))

    def of(self, tenant: str | None) -> Budget:
        """The one budget of a tenant."""
        with self._guard:
            return self._of[tenant]

    def left(self) -> Mapping[str | None, float]:
        """What each tenant that was asked has left in this hour."""
        with self._guard:
            known = dict(self._of)
        return {tenant: budget.left() for tenant, budget in known.items()}


def asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """The longest of all waits that an answer asks for, in seconds; null where it asks for none."""
    waits: list[float] = []
    for name, value in headers.items():
        if name.lower() == "retry-after" or (
            name.lower().startswith("x-ms-") and name.lower().endswith("-retry-after")
        ):
            try:
                waits.append(float(value))
            except ValueError:
                continue
        elif name.lower() == "retry-after-ms" and value.isdecimal():
            waits.append(int(value) / 1000)
    return max(waits, default=None)


def consumed(headers: Mapping[str, str]) -> float | None:
    """The units that an answer says it used."""
    told = headers.get(f"{_COST_MANAGEMENT}qpu-consumed")
    try:
        return float(told) if told is not None else None
    except ValueError:
        return None
