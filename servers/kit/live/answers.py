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

from shared_models.period import utc_now

_BUSY_SECONDS: Final = 10.0
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
                    "SELECT body, fetched_at FROM answer WHERE question = ?", (question,)
                ).fetchone()
        except sqlite3.Error as error:
            _log.warning("answers_not_read", problem=str(error))
            return None
        if row is None or self._clock() - datetime.fromisoformat(row[1]) >= fresh_for:
            return None
        return Kept(str(row[0]), datetime.fromisoformat(row[1]), from_cache=True)

    def _keep(self, question: str, kept: Kept) -> None:
        oldest = (self._clock() - timedelta(days=40)).isoformat()
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as connection, connection:
                connection.execute("DELETE FROM answer WHERE fetched_at < ?", (oldest,))
                connection.execute(
                    "INSERT OR REPLACE INTO answer VALUES (?, ?, ?)", (question, kept.body, kept.fetched_at.isoformat())
                )
        except (OSError, sqlite3.Error) as error:
            _log.warning("answer_not_kept", problem=str(error))

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, timeout=_BUSY_SECONDS)
        connection.execute("PRAGMA synchronous = OFF")  # an answer lost with the power is asked again
        connection.execute("CREATE TABLE IF NOT EXISTS answer (question TEXT PRIMARY KEY, body TEXT, fetched_at TEXT)")
        return connection
