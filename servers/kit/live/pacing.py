"""How fast and at what price a cloud may be asked: calls per second of a service, and a purse for calls that cost."""

import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import ROUND_UP, Decimal
from pathlib import Path
from typing import Final

from shared_models.disk import unavailable
from shared_models.errors import LedgerUnavailableError, PurseEmptyError, ThrottledError
from shared_models.money import plain
from shared_models.period import instant_text, utc_now
from shared_models.server_card import Purse as PurseCard

_BUSY_SECONDS: Final = 30.0
_MICRO: Final = Decimal("0.000001")
_KEPT_DAYS: Final = 40


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


class Purse:
    """What paid calls may cost a day (UTC): counted in a file, so that restarts and other processes share it.

    A call is counted before it goes out and given back where the cloud says that it did not serve it; what became of
    a call that nobody answered is not known, and it stays counted. Several purses, of dollars, bytes or requests, may
    share a file; `smallest` is the part of the unit in which they count, and a price is rounded up to it.
    """

    def __init__(
        self,
        file: Path,
        name: str,
        limit: Decimal,
        unit: str = "USD",
        clock: Callable[[], datetime] = utc_now,
        smallest: Decimal = _MICRO,
    ) -> None:
        self._file = file
        self._name = name
        self._limit = limit
        self._unit = unit
        self._clock = clock
        self._smallest = smallest

    def take(self, price: Decimal) -> str:
        """Count one call; what comes back is the day on which it is counted, for `give_back`.

        Raises:
            PurseEmptyError: the day's limit would be exceeded; the call must not go out.
            LedgerUnavailableError: the purse's file cannot be used, and nothing uncounted goes out.

        """
        day = self._day()
        with self._committing() as connection:
            spent = self._counted(connection, day)
            if spent + price > self._limit:
                raise PurseEmptyError(
                    self._name,
                    limit=self._text(self._limit),
                    spent=self._text(spent),
                    unit=self._unit,
                    resets_at=instant_text(self._midnight()),
                )
            self._add(connection, day, price)
            oldest = (self._clock() - timedelta(days=_KEPT_DAYS)).strftime("%Y-%m-%d")
            connection.execute("DELETE FROM spent WHERE day < ?", (oldest,))
        return day

    def give_back(self, price: Decimal, day: str) -> None:
        """Do not count a call that the cloud refused."""
        with self._committing() as connection:
            self._add(connection, day, -price)

    def spent(self) -> Decimal:
        """What was spent today, by all processes."""
        with self._committing() as connection:
            return self._counted(connection, self._day())

    def card(self) -> PurseCard:
        """How the purse shows itself in a server's card."""
        left = max(self._limit - self.spent(), Decimal(0))
        return PurseCard(
            name=self._name, unit=f"{self._unit} a day", limit=self._text(self._limit), left=self._text(left)
        )

    def _counted(self, connection: sqlite3.Connection, day: str) -> Decimal:
        row = connection.execute("SELECT micros FROM spent WHERE name = ? AND day = ?", (self._name, day)).fetchone()
        return row[0] * self._smallest if row else Decimal(0)

    def _add(self, connection: sqlite3.Connection, day: str, price: Decimal) -> None:
        parts = (price / self._smallest).to_integral_value(ROUND_UP)
        connection.execute(
            "INSERT INTO spent VALUES (?, ?, ?)"
            " ON CONFLICT (name, day) DO UPDATE SET micros = micros + excluded.micros",
            (self._name, day, int(parts)),
        )

    def _text(self, amount: Decimal) -> str:
        return plain(amount) if self._smallest < 1 else f"{amount:.0f}"

    def _day(self) -> str:
        return f"{self._clock().astimezone(UTC):%Y-%m-%d}"

    def _midnight(self) -> datetime:
        today = self._clock().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return today + timedelta(days=1)

    @contextmanager
    def _committing(self) -> Generator[sqlite3.Connection, None, None]:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._file, timeout=_BUSY_SECONDS, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS spent (name TEXT, day TEXT, micros INTEGER, PRIMARY KEY (name, day))"
                )
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
        except OSError as error:
            raise unavailable(error, self._file.name) from error
        except sqlite3.Error as error:
            raise LedgerUnavailableError(
                f"The purse's file cannot be used: {error}.",
                hint=f"Check the disk and {self._file}; no paid call is made.",
            ) from error
