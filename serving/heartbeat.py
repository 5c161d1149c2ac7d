"""Progress while a call waits: clients that give up after a silent minute stay, and see that something goes on."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
from mcp.server.mcpserver import Context

Report = Callable[[float, float, str], Awaitable[None]]


@asynccontextmanager
async def heartbeat(ctx: Context, *, every: float, said: str) -> AsyncGenerator[Report, None]:
    """A function (done, total, what) that reports progress; the last word is repeated whenever `every` seconds pass.

    The protocol wants progress that grows, so a repetition counts a part of the step that is under way.
    """
    done, total, what, repeats = 0.0, 1.0, said, 0
    failure: Exception | None = None

    async def report(now_done: float, now_total: float, now_what: str) -> None:
        nonlocal done, total, what, repeats
        done, total, what, repeats = now_done, now_total, now_what, 0
        await ctx.report_progress(done, total, what)

    async def repeat() -> None:
        nonlocal repeats
        while True:
            await anyio.sleep(every)
            repeats += 1
            await ctx.report_progress(done + repeats / (repeats + 1), total, what)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(repeat)
        try:
            yield report
        except Exception as error:  # noqa: BLE001 - raised below, where no task group wraps it into a group
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
