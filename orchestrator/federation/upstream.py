"""One cloud server as the orchestrator holds it: a client behind an owner task, a breaker, one safe retry.

A client's cancel scopes must close in the task that opened them, and a transport that dies cancels the task that
holds it. So one task owns each client: it opens it, offers it, waits to be told to stop, and closes it. A call made
by another task can then fail, but never be cancelled by another cloud's death.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
import structlog
from anyio.abc import TaskGroup
from mcp import Client, MCPError, StdioServerParameters
from mcp.server import MCPServer
from mcp.types import CallToolResult, ReadResourceResult

from orchestrator.federation.failure import UpstreamFailure, failure_of_result

Target = MCPServer[Any] | StdioServerParameters | str
_CONNECT_SECONDS: Final = 15.0
_BREAK_SECONDS: Final = 10.0
_CLOSE_SECONDS: Final = 3.0
_LOST: Final = (MCPError, OSError, RuntimeError, anyio.ClosedResourceError, anyio.BrokenResourceError)
"""What a call sees when its connection is gone."""
_log = structlog.get_logger("skyledger")


def _set_event() -> anyio.Event:
    event = anyio.Event()
    event.set()
    return event


@dataclass
class Upstream:
    """One server; `name` is its provider and the prefix of its tools."""

    name: str
    target: Target
    connect_seconds: float = _CONNECT_SECONDS
    break_seconds: float = _BREAK_SECONDS
    last_error: str | None = None
    _client: Client | None = field(default=None, repr=False)
    _stop: anyio.Event | None = field(default=None, repr=False)
    _lock: anyio.Lock = field(default_factory=anyio.Lock, repr=False)
    _broken_until: float = field(default=0.0, repr=False)
    _closed: anyio.Event = field(default_factory=_set_event, repr=False)

    @property
    def connected(self) -> bool:
        """Whether a client is open now."""
        return self._client is not None

    async def call(
        self, tasks: TaskGroup, tool: str, arguments: Mapping[str, Any], *, deadline: float
    ) -> CallToolResult:
        """Call a tool; a connection that was lost before is opened again once.

        Raises:
            UpstreamFailure: the server refused, failed, or did not answer in time.

        """
        try:
            result = await self._attempt(tasks, tool, arguments, deadline)
        except _LOST:
            # The server may have restarted since the last call: a read-only tool may be asked again, once.
            self._drop()
            try:
                result = await self._attempt(tasks, tool, arguments, deadline)
            except _LOST as error:
                self._drop()
                raise self._lost(error) from error
        failure = failure_of_result(self.name, result)
        if failure is not None:
            raise failure
        return result

    async def _attempt(
        self, tasks: TaskGroup, tool: str, arguments: Mapping[str, Any], deadline: float
    ) -> CallToolResult:
        client = await self._connected(tasks)
        try:
            with anyio.fail_after(deadline + 1):
                return await client.call_tool(tool, dict(arguments), read_timeout_seconds=deadline)
        except TimeoutError as error:
            raise self._timed_out(deadline) from error
        except MCPError as error:
            if "timed out" in str(error).lower():
                raise self._timed_out(deadline) from error
            raise

    async def read(self, tasks: TaskGroup, uri: str, *, deadline: float) -> ReadResourceResult:
        """Read a resource.

        Raises:
            UpstreamFailure: it could not be read in time.

        """
        client = await self._connected(tasks)
        try:
            with anyio.fail_after(deadline):
                return await client.read_resource(uri)
        except TimeoutError as error:
            raise self._timed_out(deadline) from error
        except _LOST as error:
            self._drop()
            raise self._lost(error) from error

    async def stop(self) -> None:
        """Tell the owner task to close the client, and wait for a moment until it has."""
        self._drop()
        with anyio.move_on_after(_CLOSE_SECONDS):
            await self._closed.wait()

    async def _connected(self, tasks: TaskGroup) -> Client:
        async with self._lock:
            if self._client is not None:
                return self._client
            if time.monotonic() < self._broken_until:
                raise UpstreamFailure.unavailable(self.name, "it failed a moment ago and is left alone for now")
            ready, stop = anyio.Event(), anyio.Event()
            self._stop, self._closed = stop, anyio.Event()
            tasks.start_soon(self._own, ready, stop, self._closed)
            with anyio.move_on_after(self.connect_seconds) as waiting:
                await ready.wait()
            if waiting.cancelled_caught or self._client is None:
                stop.set()
                self._broken_until = time.monotonic() + self.break_seconds
                raise UpstreamFailure.unavailable(self.name, "no connection")
            return self._client

    async def _own(self, ready: anyio.Event, stop: anyio.Event, closed: anyio.Event) -> None:
        try:
            async with Client(self.target) as client:
                self._client = client
                self.last_error = None
                ready.set()
                await stop.wait()
        except Exception as error:  # noqa: BLE001 - whatever kills a transport ends here, and only here
            self.last_error = type(error).__name__
            _log.warning("upstream_lost", upstream=self.name, error=type(error).__name__)
        finally:
            if self._stop is stop:
                self._client = None
            ready.set()
            closed.set()

    def _drop(self) -> None:
        self._client = None
        if self._stop is not None:
            self._stop.set()

    def _timed_out(self, deadline: float) -> UpstreamFailure:
        return UpstreamFailure.timeout(self.name, deadline)

    def _lost(self, error: Exception) -> UpstreamFailure:
        self.last_error = type(error).__name__
        self._broken_until = time.monotonic() + self.break_seconds
        return UpstreamFailure.unavailable(self.name, "the connection was lost")
