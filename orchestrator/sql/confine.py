"""Limits that the operating system enforces on a worker, whatever the engine in it does.

On POSIX the worker binds itself before it reads its first statement. Where that is missing (Windows) or not honoured
(macOS knows no limit of address space), the parent watches the worker's memory and ends it.
"""

import sys
import time
from typing import Final

if sys.platform != "win32":
    import resource

PARENT_WATCHES: Final = sys.platform != "linux"
"""Whether the parent must watch the worker's memory because the system does not bound it."""

_GRACE_SECONDS: Final = 5


def bind_process(process_bytes: int) -> None:
    """Bound this process's memory for good; from now on it writes no file and leaves no core."""
    if sys.platform == "win32":
        return
    for limit, most in (
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, process_bytes),
    ):
        _, hard = resource.getrlimit(limit)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (bound, bound))


def allow_cpu(seconds: float) -> None:
    """Let this process compute for so long from now, then the system ends it: the parent's clock is the first fence."""
    if sys.platform == "win32":
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = int(time.process_time() + seconds) + _GRACE_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
