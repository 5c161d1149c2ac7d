"""Answers of a cloud, kept: identical questions in flight share one request, fresh answers are not asked again."""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread
import structlog

from servers.kit.live.damage import is_damaged, set_aside
from shared_models.digest import digest_of_json
from shared_models.period import utc_now

_BUSY_SECONDS: Final = 10.0
_TABLE: Final = "kept"
_log = structlog.get_logger("skyledger")


@dataclass(frozen=True)
class Kept:
    """An answer's text and when the cloud gave it."""

    body: str
    fetched_at: datetime
    from_cache: bool = False


@dataclass
class _Flight:
    landed: anyio.Event = field(default_factory=anyio.Event)
    answer: Kept | None = None
    error: Exception | None = None


class Answers:
    """Keeps answers in a file that restarts and other processes share; a file that cannot be used only costs calls."""

    def __init__(self, file: Path, clock: Callable[[], datetime] = utc_now) -> None:
        self._file = file
        self._clock = clock
        self._flights: dict[str, _Flight] = {}

    async def get(self, question: str, fresh_for: timedelta, ask: Callable[[], Awaitable[str]]) -> Kept:
        """The kept answer while it is younger than `fresh_for`, else what `ask` brings; its failures are not kept."""
        while True:
            flight = self._flights.get(question)
            if flight is None:
                return await self._lead(question, fresh_for, ask)
            await flight.landed.wait()
            if flight.error is not None:
                raise flight.error
            if flight.answer is not None:
                return flight.answer

    async def _lead(self, question: str, fresh_for: timedelta, ask: Callable[[], Awaitable[str]]) -> Kept:
        """Ask for all who wait; where this one is cancelled, one of those who wait asks instead."""
        flight = self._flights[question] = _Flight()
        try:
            kept = await anyio.to_thread.run_sync(self._read, question, fresh_for)
            if kept is None:
                kept = Kept(await ask(), self._clock())
                await anyio.to_thread.run_sync(self._keep, question, kept)
            flight.answer = kept
        except Exception as error:
            flight.error = error
            raise
        else:
            return kept
        finally:
            del self._flights[question]
            flight.landed.set()

    def _read(self, question: str, fresh_for: timedelta) -> Kept | None:
        if not self._file.is_file():
            return None
        try:
            with closing(self._open()) as connection:
                row = connection.execute(
                    f"SELECT body, fetched_at, sha256 FROM {_TABLE} WHERE question = ?", (question,)
                ).fetchone()
        except sqlite3.Error as error:
            self._mend(error, "answers_not_read")
            return None
        # A damaged page of the file may read as an answer of other figures.
        if row is None or row[2] != _sha256(question, row[0], row[1]):
            return None
        fetched_at = datetime.fromisoformat(row[1])
        if self._clock() - fetched_at >= fresh_for:
            return None
        return Kept(row[0], fetched_at, from_cache=True)

    def _keep(self, question: str, kept: Kept) -> None:
        oldest, at = (self._clock() - timedelta(days=40)).isoformat(), kept.fetched_at.isoformat()
        row = (question, kept.body, at, _sha256(question, kept.body, at))
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as connection, connection:
                connection.execute(f"DELETE FROM {_TABLE} WHERE fetched_at < ?", (oldest,))
                connection.execute(f"INSERT OR REPLACE INTO {_TABLE} VALUES (?, ?, ?, ?)", row)
        except (OSError, sqlite3.Error) as error:
            self._mend(error, "answer_not_kept")

    def _mend(self, error: Exception, event: str) -> None:
        """Begin a new file where this one is damaged: else every answer would be asked, and paid, again."""
        _log.warning(event, problem=str(error))
        if not isinstance(error, sqlite3.Error) or not is_damaged(error):
            return
        try:
            aside = set_aside(self._file, _TABLE, self._clock())
        except (OSError, sqlite3.Error) as refused:
            _log.warning("answers_not_set_aside", problem=str(refused))
        else:
            _log.warning("answers_set_aside", file=aside and aside.name)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, timeout=_BUSY_SECONDS)
        try:
            connection.execute("PRAGMA synchronous = OFF")  # an answer lost with the power is asked again
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {_TABLE}"
                " (question TEXT PRIMARY KEY, body TEXT, fetched_at TEXT, sha256 TEXT)"
            )
        except BaseException:
            connection.close()
            raise
        return connection


def _sha256(*said: object) -> str:
    return digest_of_json([str(one) for one in said], 64)
