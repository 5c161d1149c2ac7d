"""One open client and the task that owns it.

A client's cancel scopes must close in the task that opened them, and a transport that dies cancels the task that
holds it. So one task owns each client: it opens it, offers it, waits to be told to stop, and closes it. A call made
by another task can then fail, but never be cancelled by another cloud's death.
"""

import math
from typing import Any, Final

import anyio
from anyio.abc import TaskGroup
from mcp import Client, StdioServerParameters
from mcp.server import MCPServer

from serving.logs import structured

Target = MCPServer[Any] | StdioServerParameters | str
_CLOSE_SECONDS: Final = 3.0


class Connection:
    """Made for one try: it opens once, and when it is gone another one is made."""

    def __init__(self, name: str, target: Target) -> None:
        self.client: Client | None = None
        self.error: str | None = None
        self.unreadable = 0
        self._name = name
        self._target = target
        self._settled = anyio.Event()
        self._stop = anyio.Event()
        self._closed = anyio.Event()
        self._scope = anyio.CancelScope()

    @property
    def alive(self) -> bool:
        """Whether it is open, or may still become so."""
        return not self._closed.is_set() and not self._stop.is_set()

    def start(self, tasks: TaskGroup, within: float) -> None:
        """Begin to connect; a server that is not there `within` these seconds is given up."""
        self._scope.deadline = anyio.current_time() + within
        tasks.start_soon(self._own)

    async def opened(self) -> Client | None:
        """The client when it is open; None when it could not be opened."""
        await self._settled.wait()
        return self.client if self.alive else None

    def stop(self) -> None:
        """Tell the owner task to close the client, or to give up where there is none yet."""
        self._stop.set()
        if not self._settled.is_set():
            self._scope.cancel()

    async def close(self) -> None:
        """Stop, and wait until the client is closed; one that does not close by itself is torn down."""
        self.stop()
        with anyio.move_on_after(_CLOSE_SECONDS):
            await self._closed.wait()
        self._scope.cancel()

    async def _own(self) -> None:
        try:
            with self._scope:
                await self._hold()
        except Exception as error:  # noqa: BLE001 - whatever kills a transport ends here, and only here
            self.error = type(error).__name__
            structured().warning("upstream_lost", upstream=self._name, error=self.error)
        finally:
            self.client = None
            self._closed.set()
            self._settled.set()

    async def _hold(self) -> None:
        async with Client(self._target, message_handler=self._noticed) as client:
            self.client = client
            self.unreadable = 0
            self._scope.deadline = math.inf
            self._settled.set()
            await self._stop.wait()

    async def _noticed(self, message: object) -> None:
        """Count what arrived and is no message; the call that waits for it would else look like a slow one."""
        if isinstance(message, Exception):
            self.unreadable += 1
