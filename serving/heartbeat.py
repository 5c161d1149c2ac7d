"""Progress while a call waits: clients that give up after a silent minute stay, and see that something goes on."""

import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
from mcp.server.mcpserver import Context

Report = Callable[[float, float, str], Awaitable[None]]


@asynccontextmanager
async def heartbeat(ctx: Context, *, every: float, said: str) -> AsyncGenerator[Report, None]:
    """A function (done, total, what) that reports progress; the last word is repeated whenever `every` seconds pass.

    The protocol wants progress that grows: what would not goes half of the way to the next whole step.
    """
    told, total, what = -1.0, 1.0, said
    failure: Exception | None = None

    async def report(done: float, now_total: float, now_what: str) -> None:
        nonlocal told, total, what
        told = done if done > told else told + (math.floor(told) + 1 - told) / 2
        total, what = now_total, now_what
        await ctx.report_progress(told, total, what)

    async def repeat() -> None:
        while True:
            await anyio.sleep(every)
            await report(told, total, what)

    await report(0, total, what)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(repeat)
        try:
            yield report
        except Exception as error:  # noqa: BLE001 - raised below, where no task group wraps it into a group
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
