"""How fast a cloud may be asked: calls per second of a service."""

import threading
import time

from shared_models.errors import ThrottledError


class Limiter:
    """At most `rate` calls a second, `burst` of them at once; waits in the calling thread. Safe for many threads."""

    def __init__(self, rate: float, *, burst: int = 1, longest_wait: float = 20.0) -> None:
        self._gap = 1 / rate
        self._slack = (burst - 1) * self._gap
        self._longest_wait = longest_wait
        self._guard = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Return when the next call may go out.

        Raises:
            ThrottledError: too many calls stand in line.

        """
        with self._guard:
            now = time.monotonic()
            at = max(self._next, now - self._slack)
            if at - now > self._longest_wait:
                raise ThrottledError(
                    f"Calls stand in line for more than {self._longest_wait:g} s.", hint="Repeat it in a minute."
                )
            self._next = at + self._gap
        if at > now:
            time.sleep(at - now)
