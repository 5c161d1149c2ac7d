"""One worker process as its parent holds it: start, one question at a time, an end that leaves nothing behind."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, cast

import psutil

from orchestrator.sql.frames import BrokenFrameError, read_frame, write_frame
from orchestrator.sql.limits import Limits

_ROOT: Final = Path(__file__).resolve().parents[2]
_BOOT: Final = "import sys; sys.path.insert(0, sys.argv.pop(1)); from orchestrator.sql.worker import main; main()"
_KEPT: Final = ("SYSTEMROOT",) if sys.platform == "win32" else ()
"""Windows starts no Python without it; elsewhere the worker's environment is empty."""


class WorkerProcess:
    """A started worker. Not for two threads at once, `end` excepted."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._asked = self._ended = False
        bounds = {
            "engine_bytes": limits.engine_bytes,
            "process_bytes": limits.process_bytes,
            "threads": limits.threads,
        }
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
            [sys.executable, "-I", "-B", "-c", _BOOT, str(_ROOT), json.dumps(bounds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
            cwd=os.path.abspath(os.sep),  # noqa: PTH100 - the root of this drive, which a Path would not name
        )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def ask(self, job: dict[str, object]) -> dict[str, object]:
        """The worker's reply; blocks until it comes or the worker ends.

        Raises:
            BrokenFrameError: the worker ended, or broke the protocol.

        """
        self._asked = True
        try:
            write_frame(cast("BinaryIO", self._process.stdin), job)
            return read_frame(cast("BinaryIO", self._process.stdout), self._limits.reply_bytes)
        except (OSError, ValueError) as error:
            raise BrokenFrameError from error
        finally:
            self._asked = False
            if self._ended:
                self._close_pipes()

    def memory(self) -> int:
        """Resident bytes; 0 when it has ended."""
        try:
            return psutil.Process(self.pid).memory_info().rss
        except psutil.Error:
            return 0

    def end(self) -> None:
        """End it now, even in the middle of a statement; a thread that waits in `ask` then gets a broken frame."""
        self._ended = True
        self._process.kill()
        self._process.wait()
        if not self._asked:
            self._close_pipes()

    def _close_pipes(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):  # what was still buffered has no reader any more
                    stream.close()
