"""What calls that cost may cost a day: a purse in a file that restarts and other processes share."""

import sqlite3
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import ROUND_UP, Decimal
from pathlib import Path
from typing import Final

from servers.kit.live.damage import is_damaged, require_sound, set_aside
from serving.files import exclusive_lock, publish, temporary
from shared_models.disk import unavailable
from shared_models.errors import LedgerUnavailableError, PurseEmptyError
from shared_models.money import plain
from shared_models.period import instant_text, utc_now
from shared_models.server_card import Purse as PurseCard

_BUSY_SECONDS: Final = 30.0
_MICRO: Final = Decimal("0.000001")
_KEPT_DAYS: Final = 40
_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS spent (name TEXT, day TEXT, micros INTEGER, PRIMARY KEY (name, day))",
    "CREATE TABLE IF NOT EXISTS damaged (day TEXT PRIMARY KEY, aside TEXT)",
)


class Purse:
    """What paid calls may cost a day (UTC): counted in a file, so that restarts and other processes share it.

    A call is counted before it goes out and given back where the cloud says that it did not serve it; what became of
    a call that nobody answered is not known, and it stays counted. Several purses, of dollars, bytes or requests, may
    share a file; `smallest` is the part of the unit in which they count, and a price is rounded up to it. Where the
    file is damaged a new one begins beside it, and the day counts as spent: what was spent in it is not known.
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
            damaged = _damaged(connection, day)
            if damaged is not None or spent + price > self._limit:
                raise PurseEmptyError(
                    self._name,
                    limit=self._text(self._limit),
                    spent=self._text(spent if damaged is None else max(spent, self._limit)),
                    unit=self._unit,
                    resets_at=instant_text(self._midnight()),
                    why=damaged and _unknown(damaged),
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
        """What was spent today, by all processes; the whole limit where that is not known."""
        with self._committing() as connection:
            spent, damaged = self._counted(connection, self._day()), _damaged(connection, self._day())
        return spent if damaged is None else max(spent, self._limit)

    def card(self) -> PurseCard:
        """How the purse shows itself in a server's card; one that cannot be used has nothing left."""
        try:
            left = max(self._limit - self.spent(), Decimal(0))
            with self._committing() as connection:
                damaged = _damaged(connection, self._day())
            note = damaged and _unknown(damaged)
        except LedgerUnavailableError as error:
            left, note = Decimal(0), error.message
        return PurseCard(
            name=self._name, unit=f"{self._unit} a day", limit=self._text(self._limit), left=self._text(left), note=note
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
            with ExitStack() as stack:
                connection = self._begun(stack)
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    with suppress(sqlite3.Error):  # what ended the transaction is the error
                        connection.execute("ROLLBACK")
                    raise
        except OSError as error:
            raise unavailable(error, self._file.name) from error
        except sqlite3.Error as error:
            raise LedgerUnavailableError(
                f"The purse's file cannot be used: {error}.",
                hint=f"Check the disk and {self._file}; no paid call is made.",
            ) from error

    def _begun(self, stack: ExitStack) -> sqlite3.Connection:
        """A transaction on the file, on a new one where it is damaged."""
        try:
            return self._opened(stack)
        except sqlite3.Error as error:
            if not is_damaged(error):
                raise
        aside = set_aside(self._file, "spent", self._clock())
        self._make(aside.name if aside else None)
        return self._opened(stack)

    def _opened(self, stack: ExitStack) -> sqlite3.Connection:
        if not self._file.exists():
            self._make(None)
        connection = stack.enter_context(closing(sqlite3.connect(self._file, timeout=_BUSY_SECONDS)))
        connection.isolation_level = None
        connection.execute("BEGIN IMMEDIATE")
        require_sound(connection, "spent")
        connection.execute(_TABLES[1])
        return connection

    def _make(self, aside: str | None) -> None:
        """A new file, published whole: one that is there and empty was damaged."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with exclusive_lock(self._file.with_name(f"{self._file.name}.lock")), temporary(self._file) as beside:
            if self._file.exists():
                return
            with closing(sqlite3.connect(beside)) as connection, connection:
                for table in _TABLES:
                    connection.execute(table)
                if aside is not None:
                    connection.execute("INSERT INTO damaged VALUES (?, ?)", (self._day(), aside))
            publish(beside, self._file)


def _unknown(aside: str) -> str:
    return f"The purse's file was damaged and is kept as {aside}: what was spent today is not known, the day is spent."


def _damaged(connection: sqlite3.Connection, day: str) -> str | None:
    """What a damaged file of this day is called now."""
    row = connection.execute("SELECT aside FROM damaged WHERE day = ?", (day,)).fetchone()
    return str(row[0]) if row else None
