"""The table `job`: long work that outlives the call that started it, visible to every process of this home."""

import json
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from orchestrator.state.owner import is_gone, this_process
from orchestrator.state.state import State
from shared_models.base import WireModel
from shared_models.errors import JobLostError, UnknownJobError

_KEPT: Final = timedelta(days=7)
_LIVE: Final = "state IN ('queued', 'running')"
Lists = Mapping[str, Sequence[str]]


class JobState(StrEnum):
    """Where a job stands; `lost` is one whose process died."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self not in {JobState.QUEUED, JobState.RUNNING}


class Job(WireModel):
    """One job as it was last seen."""

    job_id: str
    kind: str
    arguments: dict[str, tuple[str, ...]]
    state: JobState
    done: float
    total: float
    said: str
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    cancel_wanted: bool = False
    owner: str
    started_at: datetime
    seen_at: datetime

    def covers(self, wanted: Lists) -> bool:
        """Whether this job does all of what is wanted."""
        return all(set(values) <= set(self.arguments.get(name, ())) for name, values in wanted.items())


class Jobs:
    """Reads and writes the table."""

    def __init__(self, state: State) -> None:
        self._state = state

    def enter(self, kind: str, arguments: Lists, now: datetime) -> tuple[Job, bool]:
        """A queued job of this process, and True; or a live one that does all of it anyway, and False."""
        with self._state.committing() as connection:
            for job in _live(connection, kind, now):
                if job.covers(arguments):
                    return job, False
            connection.execute("DELETE FROM job WHERE seen_at < ?", [(now - _KEPT).isoformat()])
            job_id = uuid.uuid4().hex[:16]
            connection.execute(
                "INSERT INTO job (job_id, kind, arguments, state, done, total, said, owner, started_at, seen_at)"
                " VALUES (?, ?, ?, 'queued', 0, 1, '', ?, ?, ?)",
                [job_id, kind, json.dumps(dict(arguments)), this_process(), now.isoformat(), now.isoformat()],
            )
            return _one(connection, job_id), True

    def claim(self, job_id: str, shared: str, now: datetime) -> bool:
        """Set a queued job to running, unless an older live one has a value of the argument `shared` in common."""
        with self._state.committing() as connection:
            own = _one(connection, job_id)
            for other in _live(connection, own.kind, now):
                if other.job_id == job_id:
                    break
                if set(other.arguments.get(shared, ())) & set(own.arguments.get(shared, ())):
                    return False
            connection.execute("UPDATE job SET state = 'running' WHERE job_id = ?", [job_id])
            return True

    def beat(self, job_id: str, done: float, total: float, said: str, now: datetime) -> bool:
        """Write a sign of life with the progress; whether somebody wants the job cancelled."""
        with self._state.committing() as connection:
            connection.execute(
                "UPDATE job SET done = ?, total = ?, said = ?, seen_at = ? WHERE job_id = ?",
                [done, total, said, now.isoformat(), job_id],
            )
            return _one(connection, job_id).cancel_wanted

    def end(self, job: Job, now: datetime) -> None:
        """Write how the job ended."""
        with self._state.committing() as connection:
            connection.execute(
                "UPDATE job SET state = ?, done = ?, total = ?, said = ?, result = ?, error = ?, seen_at = ?"
                " WHERE job_id = ?",
                [
                    job.state.value,
                    job.done,
                    job.total,
                    job.said,
                    _text(job.result),
                    _text(job.error),
                    now.isoformat(),
                    job.job_id,
                ],
            )

    def want_cancel(self, job_id: str) -> None:
        """Ask the job's process, whichever it is, to cancel it."""
        with self._state.committing() as connection:
            connection.execute("UPDATE job SET cancel_wanted = 1 WHERE job_id = ?", [job_id])

    def done(self, kind: str) -> tuple[Job, ...]:
        """The jobs of a kind that ended with a result and are still kept."""
        with self._state.reading() as connection:
            rows = connection.execute("SELECT * FROM job WHERE kind = ? AND state = 'done' ORDER BY rowid", [kind])
            return tuple(_job(row) for row in rows)

    def get(self, job_id: str, now: datetime) -> Job:
        """One job.

        Raises:
            UnknownJobError: there is none of this id, or it was trimmed.

        """
        with self._state.reading() as connection:
            job = _one(connection, job_id)
        if job.state.ended or not is_gone(job.owner, job.seen_at, now):
            return job
        with self._state.committing() as connection:
            _mark_lost(connection, now)
            return _one(connection, job_id)


def _live(connection: sqlite3.Connection, kind: str, now: datetime) -> list[Job]:
    _mark_lost(connection, now)
    rows = connection.execute(f"SELECT * FROM job WHERE kind = ? AND {_LIVE} ORDER BY rowid", [kind])
    return [_job(row) for row in rows]


def _mark_lost(connection: sqlite3.Connection, now: datetime) -> None:
    for row in connection.execute(f"SELECT * FROM job WHERE {_LIVE}").fetchall():
        if is_gone(row["owner"], datetime.fromisoformat(row["seen_at"]), now):
            error = JobLostError().envelope()["error"]
            connection.execute(
                "UPDATE job SET state = 'lost', error = ? WHERE job_id = ?", [_text(error), row["job_id"]]
            )


def _one(connection: sqlite3.Connection, job_id: str) -> Job:
    row = connection.execute("SELECT * FROM job WHERE job_id = ?", [job_id]).fetchone()
    if row is None:
        raise UnknownJobError(job_id)
    return _job(row)


def _job(row: sqlite3.Row) -> Job:
    parsed = {name: json.loads(row[name]) for name in ("arguments", "result", "error") if row[name] is not None}
    return Job.model_validate({**{name: row[name] for name in Job.model_fields}, **parsed})


def _text(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, default=str)
