"""Which process a row of user state belongs to, and whether that process still lives."""

import functools
import os
import platform
from datetime import datetime, timedelta
from typing import Final

import psutil

_SILENT: Final = timedelta(seconds=60)
"""After this long without a sign of life, the owner on another machine is taken for dead."""


@functools.cache
def this_process() -> str:
    """The running process by machine, number and start: a number alone is used again after a while."""
    return f"{platform.node()}:{os.getpid()}:{_started(os.getpid())}"


def is_gone(owner: str, seen_at: datetime, now: datetime) -> bool:
    """Whether the process that owned something is dead; `seen_at` decides where it cannot be asked."""
    machine, number, started = owner.rsplit(":", 2)
    if machine != platform.node():
        return now - seen_at > _SILENT
    return _started(int(number)) != started


def _started(number: int) -> str:
    try:
        return format(psutil.Process(number).create_time(), ".2f")
    except psutil.Error:
        return ""
