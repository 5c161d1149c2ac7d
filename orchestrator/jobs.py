"""Long work as jobs: it goes on when the call that started it has been answered, and ends with the server."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup
from pydantic import BaseModel

from orchestrator.state.job import Job, Jobs, JobState, Lists
from orchestrator.state.state import State
from serving.logs import structured
from shared_models.errors import FinOpsError, JobCrashedError, JobStoppedError, LedgerUnavailableError

Report = Callable[[float, float, str], Awaitable[None]]
Work = Callable[[Report], Awaitable[BaseModel]]
_POLL_SECONDS: Final = 0.2
_BEAT_SECONDS: Final = 2.0
_CANCEL_SECONDS: Final = 2.0


class _Own:
    """A job of this process: how far it is, and how to stop it."""

    def __init__(self) -> None:
        self.scope = anyio.CancelScope()
        self.ended = anyio.Event()
        self.progress: tuple[float, float, str] = (0, 1, "")

    async def report(self, done: float, total: float, said: str) -> None:
        """Remember the progress; the next heartbeat writes it."""
        self.progress = (done, total, said)


class JobRunner:
    """Starts jobs in tasks of the server's own and follows those of every process of the home."""

    def __init__(self, state: Callable[[], State], clock: Callable[[], datetime]) -> None:
        self._state = state
        self._clock = clock
        self._tasks: TaskGroup | None = None
        self._own: dict[str, _Own] = {}

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None, None]:
        """Hold the jobs; at the end they are cancelled, and say so."""
        if self._tasks is not None:
            yield
            return
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            try:
                yield
            finally:
                self._tasks = None
                tasks.cancel_scope.cancel()

    async def start(self, kind: str, arguments: Lists, work: Work, *, one_per: str) -> Job:
        """Start the work; or join a live job of this kind that does all of it.

        A job waits for older ones that have a value of its argument `one_per` in common.

        Raises:
            JobStoppedError: the server is ending.

        """
        if self._tasks is None:
            raise JobStoppedError
        job, mine = await self._written(lambda jobs: jobs.enter(kind, arguments, self._clock()))
        if mine:
            self._own[job.job_id] = _Own()
            self._tasks.start_soon(self._run, job, work, one_per)
        return job

    async def get(self, job_id: str) -> Job:
        """One job as it is now.

        Raises:
            UnknownJobError: there is none of this id.

        """
        job = await self._written(lambda jobs: jobs.get(job_id, self._clock()))
        own = self._own.get(job_id)
        if own is None or job.state.ended:
            return job
        done, total, said = own.progress
        return job.model_copy(update={"done": done, "total": total, "said": said})

    async def wait(self, job_id: str, seconds: float, report: Report) -> Job:
        """The job when it has ended, or as it is after so many seconds."""
        until = anyio.current_time() + seconds
        told: tuple[float, float, str] | None = None
        while True:
            job = await self.get(job_id)
            if told != (job.done, job.total, job.said):
                told = (job.done, job.total, job.said)
                await report(*told)
            left = until - anyio.current_time()
            if job.state.ended or left <= 0:
                return job
            own = self._own.get(job_id)
            with anyio.move_on_after(min(_POLL_SECONDS, left)):
                await (own.ended.wait() if own else anyio.sleep_forever())

    async def cancel(self, job_id: str) -> Job:
        """Ask for the job's end, whichever process runs it, and wait for it for a moment."""
        job = await self.get(job_id)
        if job.state.ended:
            return job
        await self._written(lambda jobs: jobs.want_cancel(job_id))
        if job_id in self._own:
            self._own[job_id].scope.cancel()
        return await self.wait(job_id, _CANCEL_SECONDS, _silent)

    async def _run(self, job: Job, work: Work, one_per: str) -> None:
        own = self._own[job.job_id]
        found: dict[str, Any] = {"state": JobState.CANCELLED}
        try:
            with own.scope:
                found = await self._outcome(job, own, work, one_per)
            if own.scope.cancelled_caught:
                found = {"state": JobState.CANCELLED}
        except anyio.get_cancelled_exc_class():
            found["error"] = JobStoppedError().envelope()["error"]
            raise
        finally:
            done, total, said = own.progress
            ended = job.model_copy(update={"done": done, "total": total, "said": said, **found})
            with anyio.CancelScope(shield=True):
                await self._ended(ended)
            own.ended.set()
            del self._own[job.job_id]

    async def _outcome(self, job: Job, own: _Own, work: Work, one_per: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        async with anyio.create_task_group() as beating:
            beating.start_soon(self._beat, job.job_id, own)
            try:
                await self._turn(job.job_id, one_per)
                result = await work(own.report)
                found = {"state": JobState.DONE, "result": result.model_dump(mode="json", by_alias=True)}
            except FinOpsError as error:
                found = {"state": JobState.FAILED, "error": error.envelope()["error"]}
            except Exception as error:  # noqa: BLE001 - the border: the job says that it failed, the log says why
                crash = JobCrashedError()
                structured().error("job_failed", kind=job.kind, trace_id=crash.trace_id, exc_info=error)
                found = {"state": JobState.FAILED, "error": crash.envelope()["error"]}
            beating.cancel_scope.cancel()
        return found

    async def _turn(self, job_id: str, one_per: str) -> None:
        while not await self._written(lambda jobs: jobs.claim(job_id, one_per, self._clock())):  # noqa: ASYNC110 - the older job may be another process's
            await anyio.sleep(_POLL_SECONDS)

    async def _beat(self, job_id: str, own: _Own) -> None:
        while True:
            done, total, said = own.progress
            try:
                if await self._written(lambda jobs: jobs.beat(job_id, done, total, said, self._clock())):  # noqa: B023
                    own.scope.cancel()
            except LedgerUnavailableError:
                structured().warning("job_heartbeat_late", job_id=job_id)
            await anyio.sleep(_BEAT_SECONDS)

    async def _ended(self, job: Job) -> None:
        try:
            await self._written(lambda jobs: jobs.end(job, self._clock()))
        except FinOpsError as error:
            structured().error("job_end_not_written", job_id=job.job_id, code=error.code)

    async def _written(self, act: Callable[[Jobs], Any]) -> Any:
        return await anyio.to_thread.run_sync(lambda: act(Jobs(self._state())))


async def _silent(_done: float, _total: float, _said: str) -> None:
    """Nobody follows the progress of a job that is being cancelled."""
