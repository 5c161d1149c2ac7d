"""Answers as they were given: written beside the question's way, so that a figure can be replayed from its query id."""

import queue
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orchestrator.state.state import State
from serving.logs import structured
from shared_models.errors import LedgerError

KEPT: Final = 10_000
"""So many answers that nobody pinned are kept; the oldest go first."""
LARGEST: Final = 20_000
"""A question of more bytes than this is not kept: filters can name thousands of values."""
_WAITING: Final = 1_000
_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Kept:
    """One answer: what was asked, of which generation and sources, and its figures as JSON."""

    query_id: str
    tool: str
    question: str
    generation: int
    sources: str
    figures: str
    answered_at: str
    pinned_as: str | None = None


class Answers:
    """The table `answer`. Noting one never waits for the disk, nor for another process that holds the file."""

    def __init__(self, state: State, kept: int = KEPT) -> None:
        self._state = state
        self._kept = kept
        self._waiting: queue.Queue[Kept | None] = queue.Queue(_WAITING)
        self._settled = threading.Condition()
        self._open = 0
        self._untrimmed = 0
        self._writer: threading.Thread | None = None

    def note(self, answer: Kept) -> bool:
        """Have an answer written in the background; says whether it will be."""
        if len(answer.question.encode()) > LARGEST:
            return False
        with self._settled:
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_on, name="answers", daemon=True)
                self._writer.start()
            try:
                self._waiting.put_nowait(answer)
            except queue.Full:
                return False
            self._open += 1
        return True

    def find(self, query_id: str) -> Kept | None:
        """The answer of that id; None where it was never given here, or was trimmed.

        Raises:
            LedgerUnavailableError: the file cannot be read.

        """
        self._settle()
        with self._state.reading() as connection:
            row = connection.execute("SELECT * FROM answer WHERE query_id = ?", [query_id]).fetchone()
        return _kept(row) if row else None

    def pinned_as(self, name: str) -> tuple[Kept, ...]:
        """The answers that a name pins, in the order in which they were given.

        Raises:
            LedgerUnavailableError: the file cannot be read.

        """
        with self._state.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM answer WHERE pinned_as = ? ORDER BY answered_at, query_id", [name]
            ).fetchall()
        return tuple(_kept(row) for row in rows)

    def let_go(self, name: str) -> int:
        """Take a pin's name off its answers, which are trimmed then like any other; how many there were.

        Raises:
            LedgerUnavailableError: the file cannot be written.

        """
        with self._state.committing() as connection:
            return connection.execute("UPDATE answer SET pinned_as = NULL WHERE pinned_as = ?", [name]).rowcount

    def hold(self, query_id: str, name: str) -> None:
        """Mark an answer as pinned: it is not trimmed, and not noted anew for a later generation.

        Raises:
            LedgerUnavailableError: the file cannot be written.

        """
        self._settle()
        with self._state.committing() as connection:
            connection.execute("UPDATE answer SET pinned_as = ? WHERE query_id = ?", [name, query_id])

    def close(self) -> None:
        """Write what is waiting and stop the writer."""
        with self._settled:
            writer, self._writer = self._writer, None
        if writer is not None:
            self._waiting.put(None)
            writer.join(_SECONDS)

    def _settle(self) -> None:
        with self._settled:
            self._settled.wait_for(lambda: self._open == 0, _SECONDS)

    def _write_on(self) -> None:
        stopping = False
        while not stopping:
            batch = [self._waiting.get()]
            while not self._waiting.empty():
                batch.append(self._waiting.get())
            found = [answer for answer in batch if answer is not None]
            stopping = len(found) < len(batch)
            try:
                self._write(found)
            except LedgerError as error:
                structured().warning("answers_not_kept", answers=len(found), **error.envelope()["error"])
            with self._settled:
                self._open -= len(found)
                self._settled.notify_all()

    def _write(self, answers: Sequence[Kept]) -> None:
        if not answers:
            return
        with self._state.committing() as connection:
            connection.executemany(
                "INSERT INTO answer VALUES (?, ?, ?, ?, ?, ?, ?, NULL) ON CONFLICT (query_id) DO UPDATE SET"
                " generation = excluded.generation, figures = excluded.figures, answered_at = excluded.answered_at"
                " WHERE pinned_as IS NULL",
                [[a.query_id, a.tool, a.question, a.generation, a.sources, a.figures, a.answered_at] for a in answers],
            )
            self._untrimmed += len(answers)
            if self._untrimmed < self._kept / 100:  # to trim at every write would cost more than the write
                return
            self._untrimmed = 0
            connection.execute(
                "DELETE FROM answer WHERE query_id IN (SELECT query_id FROM answer WHERE pinned_as IS NULL"
                " ORDER BY answered_at DESC LIMIT -1 OFFSET ?)",
                [self._kept],
            )


def _kept(row: sqlite3.Row) -> Kept:
    return Kept(
        query_id=row["query_id"],
        tool=row["tool"],
        question=row["arguments"],
        generation=int(row["generation"]),
        sources=row["sources"],
        figures=row["figures"],
        answered_at=row["answered_at"],
        pinned_as=row["pinned_as"],
    )
