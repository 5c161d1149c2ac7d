"""Blocking SDK calls off the event loop, a bounded number at once."""

from collections.abc import Callable
from functools import partial
from typing import Final, ParamSpec, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread

Given = ParamSpec("Given")
Result = TypeVar("Result")
MOST_AT_ONCE: Final = 16
_limiter: Final[anyio.lowlevel.RunVar[anyio.CapacityLimiter]] = anyio.lowlevel.RunVar("sdk_calls")


async def off_loop(call: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """What a blocking call returns. A cancelled wait leaves the call to end by its own time limits."""
    try:
        limiter = _limiter.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(MOST_AT_ONCE)
        _limiter.set(limiter)
    return await anyio.to_thread.run_sync(partial(call, *args, **kwargs), limiter=limiter, abandon_on_cancel=True)
