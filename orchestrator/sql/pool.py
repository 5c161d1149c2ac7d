"""The parent's side of agents' SQL: a few warm workers, one statement each, ended at the first sign of trouble."""

from collections.abc import Sequence
from contextlib import suppress

import anyio
import anyio.to_thread

from orchestrator.sql.confine import PARENT_WATCHES
from orchestrator.sql.frames import BrokenFrameError
from orchestrator.sql.limits import Limits
from orchestrator.sql.process import WorkerProcess
from orchestrator.sql.refusals import Limit, refused_by_engine, refused_limit
from shared_models.errors import LedgerCorruptError

_WATCH_SECONDS = 0.05
Reply = dict[str, object]


class WorkerPool:
    """Workers on demand; the kept ones are warm. Belongs to one event loop."""

    def __init__(self, limits: Limits, *, watch_memory: bool = PARENT_WATCHES) -> None:
        self._limits = limits
        self._watch_memory = watch_memory
        self._slots = anyio.Semaphore(limits.workers)
        self._idle: list[WorkerProcess] = []
        self._busy: list[WorkerProcess] = []

    async def run(self, job: dict[str, object], tables: Sequence[str]) -> Reply:
        """`columns`, `types` and `rows` of a checked statement. Cancelling ends the statement by ending its process.

        Raises:
            SqlRefusedError: it passed a cap, or the engine refused it.
            LedgerCorruptError: a file of the snapshot cannot be read.

        """
        with anyio.move_on_after(self._limits.queue_seconds) as queued:
            await self._slots.acquire()
        if queued.cancelled_caught:
            raise refused_limit(Limit.QUEUE, "Other statements are still running.", "Repeat it later.")
        try:
            reply = await self._on_a_worker(job)
        finally:
            self._slots.release()
        return _told(reply, self._limits, tables)

    def close(self) -> None:
        """End every worker."""
        for worker in (*self._idle, *self._busy):
            worker.end()
        self._idle.clear()

    async def _on_a_worker(self, job: dict[str, object]) -> Reply:
        worker = self._take()
        reply: Reply = {"error": "time"}
        try:
            with anyio.move_on_after(self._limits.seconds):
                reply = await self._asked(worker, job)
        finally:
            self._put_back(worker, healthy=reply.get("error") in {None, "sql", "bytes"})
        return reply

    async def _asked(self, worker: WorkerProcess, job: dict[str, object]) -> Reply:
        reply: Reply = {"error": "memory"}  # what a worker dies of that the engine could not bound
        async with anyio.create_task_group() as tasks:
            if self._watch_memory:
                tasks.start_soon(self._watch, worker)
            with suppress(BrokenFrameError):
                reply = await anyio.to_thread.run_sync(worker.ask, job, abandon_on_cancel=True)
            tasks.cancel_scope.cancel()
        return reply

    async def _watch(self, worker: WorkerProcess) -> None:
        while True:
            await anyio.sleep(_WATCH_SECONDS)
            if worker.memory() > self._limits.process_bytes:
                worker.end()

    def _take(self) -> WorkerProcess:
        while self._idle and not self._idle[-1].alive:
            self._idle.pop().end()
        worker = self._idle.pop() if self._idle else WorkerProcess(self._limits)
        self._busy.append(worker)
        return worker

    def _put_back(self, worker: WorkerProcess, *, healthy: bool) -> None:
        self._busy.remove(worker)
        if healthy and worker.alive and worker.memory() <= self._limits.keep_warm_bytes:
            self._idle.append(worker)
            return
        worker.end()
        if not self._idle:
            self._idle.append(WorkerProcess(self._limits))


def _told(reply: Reply, limits: Limits, tables: Sequence[str]) -> Reply:
    said = str(reply.get("message") or "")
    match reply.get("error"):
        case None:
            return reply
        case "time":
            raise refused_limit(
                Limit.TIME, f"The statement took longer than {limits.seconds:g} s.", "Filter by period first."
            )
        case "memory":
            raise refused_limit(
                Limit.MEMORY,
                f"The statement needs more than the {limits.engine_bytes >> 20} MiB of memory that one may use.",
                "Filter by period first, group by fewer columns, and join on keys.",
            )
        case "bytes":
            raise refused_limit(
                Limit.ANSWER,
                f"The answer has more than {limits.answer_bytes >> 10} KiB of text.",
                "Select fewer columns or shorter texts, or lower limit.",
            )
        case "data":
            raise LedgerCorruptError(
                "A file of the ledger cannot be read.", hint="`skyledger doctor` names it; import its bill again."
            )
        case _:
            raise refused_by_engine(said, tables)
