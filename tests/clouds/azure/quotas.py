"""The published quotas: query processing units of Cost Management per tenant, queries of Resource Graph per user."""

import math
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

QPU = ((10, 12, "QueriesPer10Sec"), (60, 60, "QueriesPerMin"), (3600, 600, "QueriesPerHour"))
"""Seconds, units, and the name in the header."""
RESOURCE_GRAPH = ((5, 15, "queries"),)
_PREFIX = "x-ms-ratelimit-microsoft.costmanagement"


@dataclass
class Quotas:
    """Sliding windows over `clock`; `enforced` switches them off, `retry_after` adds the standard header to a 429."""

    clock: Callable[[], float] = time.monotonic
    enforced: bool = True
    retry_after: bool = False
    default_client_exhausted: bool = False
    """Callers without a ClientType header share one bucket with everybody's tools; here it is empty."""
    _taken: dict[tuple[str, str], deque[tuple[float, float]]] = field(default_factory=lambda: defaultdict(deque))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cost_query(self, tenant: str, units: float, client_type: str | None) -> tuple[dict[str, str], bool]:
        """The headers of the reply, and whether it may be answered: takes the units if so."""
        if self.default_client_exhausted and client_type is None:
            waits = {f"{_PREFIX}-clienttype-retry-after": "17", f"{_PREFIX}-qpu-retry-after": "0"}
            used_up = {"x-ms-ratelimit-remaining-microsoft.costmanagement-clienttype-requests": "DefaultQuota:0"}
            return used_up | self._with_standard(waits), False
        wait, left = self._take(("qpu", tenant), QPU, units)
        if wait:
            waits = {f"{_PREFIX}-qpu-retry-after": str(wait), f"{_PREFIX}-entity-retry-after": "1"}
            return self._with_standard(waits), False
        remaining = ",".join(f"{name}:{left[name]}" for _, _, name in reversed(QPU))
        return {f"{_PREFIX}-qpu-consumed": f"{units:g}", f"{_PREFIX}-qpu-remaining": remaining}, True

    def graph_query(self, principal: str) -> tuple[dict[str, str], bool]:
        """The headers of a Resource Graph reply, and whether it may be answered."""
        wait, left = self._take(("graph", principal), RESOURCE_GRAPH, 1)
        resets = f"00:00:{wait or 5:02d}"
        headers = {"x-ms-user-quota-remaining": str(left["queries"]), "x-ms-user-quota-resets-after": resets}
        return (headers | {"Retry-After": str(wait)}, False) if wait else (headers, True)

    def _with_standard(self, waits: dict[str, str]) -> dict[str, str]:
        longest = max(waits.values(), key=int)
        return waits | ({"Retry-After": longest} if self.retry_after else {})

    def _take(self, key: tuple[str, str], limits: tuple, units: float) -> tuple[int, dict[str, int]]:
        now = self.clock()
        with self._lock:
            log = self._taken[key]
            wait, left = 0.0, {}
            for seconds, most, name in limits:
                inside = [(at, taken) for at, taken in log if at > now - seconds]
                used = sum(taken for _, taken in inside)
                left[name] = max(0, math.floor(most - used - units))
                if self.enforced and used + units > most and inside:
                    wait = max(wait, _until_free(inside, used + units - most, now - seconds))
            if not wait:
                log.append((now, units))
        return math.ceil(wait), left


def _until_free(inside: list[tuple[float, float]], too_much: float, start: float) -> float:
    """Seconds until enough of what is inside a window has left it."""
    for at, taken in inside:
        too_much -= taken
        if too_much <= 0:
            return at - start
    return inside[-1][0] - start
