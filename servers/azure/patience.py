"""The one pipeline policy of every client: paced before a request goes out, patient with what refuses for now.

It takes the place of azure-core's own retries, which do not heed the headers by which Cost Management asks to wait.
"""

# azure-core's policies are generic in types that do not matter here.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeArgument=false, reportUnknownParameterType=false

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from azure.core.exceptions import IncompleteReadError, ServiceRequestError, ServiceResponseError
from azure.core.pipeline.policies import HTTPPolicy

from servers.azure.pacing import Budget, asked_to_wait, consumed

CLIENT_TYPE: Final = "SkyLedger"
"""Our own name to Cost Management: callers without one share a quota with every tool of the world."""
_METERED: Final = re.compile(r"/providers/microsoft\.costmanagement/(?:query|forecast|dimensions)$", re.IGNORECASE)
_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})
_THROTTLED: Final = 429
_UNAUTHORIZED: Final = 401
_MOST_FAILURES: Final = 5


class Renewable(Protocol):
    """A credential that can be told that its token is refused."""

    @property
    def generation(self) -> int: ...

    def renew(self, generation: int) -> None: ...


class PatientPolicy(HTTPPolicy):
    """Paces, names us, waits as asked, tries again what failed in passing, and once with a new token."""

    def __init__(self, budget: Budget, wait: Callable[[], None], credential: Renewable) -> None:
        super().__init__()
        self._budget = budget
        self._wait = wait
        self._credential = credential

    def send(self, request: Any) -> Any:
        """The answer, or the last refusal when the patience ends.

        Raises:
            ThrottledError: the tenant's quota does not come free in time.
            AzureError: the connection failed again and again.

        """
        clock, sleep = self._budget.timing.clock, self._budget.timing.sleep
        deadline = clock() + self._budget.patience
        failures, renewed = 0, False
        while True:
            generation = self._credential.generation
            wait = min(2.0**failures / 2, 8.0)
            try:
                answer = self._once(request)
            except (ServiceRequestError, ServiceResponseError, IncompleteReadError):
                failures += 1
                if failures >= _MOST_FAILURES or clock() + wait > deadline:
                    raise
                sleep(wait)
                continue
            said = answer.http_response
            if said.status_code == _UNAUTHORIZED and not renewed:
                renewed = True
                self._credential.renew(generation)
                continue
            if said.status_code not in _PASSING:
                return answer
            failures += said.status_code != _THROTTLED
            told = asked_to_wait(said.headers)
            wait = wait if told is None else told
            if self._is_metered(request):
                self._budget.hold(wait)
            if failures >= _MOST_FAILURES or clock() + wait > deadline:
                return answer
            sleep(wait)

    def _once(self, request: Any) -> Any:
        if not self._is_metered(request):
            self._wait()
            return self.next.send(request)
        request.http_request.headers["ClientType"] = CLIENT_TYPE
        taken = self._budget.take(units_of(request.http_request.content))
        used: float | None = None
        try:
            answer = self.next.send(request)
            refused = answer.http_response.status_code == _THROTTLED
            used = 0.0 if refused else consumed(answer.http_response.headers)
        finally:
            self._budget.settle(taken, used)
        return answer

    def _is_metered(self, request: Any) -> bool:
        return _METERED.search(urlsplit(request.http_request.url).path.rstrip("/")) is not None


def units_of(content: object) -> float:
    """The query processing units of a request: one for each calendar month that it touches."""
    try:
        said: Any = json.loads(content) if isinstance(content, str | bytes) else content
        span = said["timePeriod"]
        first, last = sorted(datetime.fromisoformat(str(span[name])) for name in ("from", "to"))
    except (KeyError, TypeError, ValueError):
        return 1.0
    return float((last.year - first.year) * 12 + last.month - first.month + 1)
