"""One cloud server as the orchestrator holds it: deadlines, a breaker, one safe retry."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import anyio
from anyio.abc import TaskGroup
from mcp import Client, MCPError
from mcp.types import (
    CONNECTION_CLOSED,
    INVALID_REQUEST,
    PARSE_ERROR,
    REQUEST_TIMEOUT,
    CallToolResult,
    ReadResourceResult,
)

from orchestrator.federation.connection import Connection, Target
from orchestrator.federation.failure import UpstreamFailure, failure_of_result

Result = TypeVar("Result", CallToolResult, ReadResourceResult)
_CONNECT_SECONDS: Final = 15.0
_BREAK_SECONDS: Final = 10.0
_TIMEOUTS_TO_BREAK: Final = 2
"""One slow answer may be a large question; two in a row are a server that hangs."""


class _LostError(Exception):
    """The connection broke under a call."""


@dataclass
class Upstream:
    """One server; `name` is its provider and the prefix of its tools."""

    name: str
    target: Target
    connect_seconds: float = _CONNECT_SECONDS
    break_seconds: float = _BREAK_SECONDS
    last_error: str | None = None
    _connection: Connection | None = field(default=None, repr=False)
    _broken_until: float = field(default=0.0, repr=False)
    _timeouts: int = field(default=0, repr=False)

    @property
    def connected(self) -> bool:
        """Whether a client is open now."""
        return self._connection is not None and self._connection.client is not None

    async def call(
        self, tasks: TaskGroup, tool: str, arguments: Mapping[str, Any], *, deadline: float
    ) -> CallToolResult:
        """Call a tool; a connection that was lost before is opened again once.

        Raises:
            UpstreamFailure: the server refused, failed, or did not answer in time.

        """
        given = dict(arguments)
        result = await self._ask(tasks, lambda client: client.call_tool(tool, given), deadline)
        failure = failure_of_result(self.name, result)
        if failure is not None:
            raise failure
        return result

    async def read(self, tasks: TaskGroup, uri: str, *, deadline: float) -> ReadResourceResult:
        """Read a resource.

        Raises:
            UpstreamFailure: it could not be read in time.

        """
        return await self._ask(tasks, lambda client: client.read_resource(uri), deadline)

    async def stop(self) -> None:
        """Close the client, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _ask(self, tasks: TaskGroup, request: Callable[[Client], Awaitable[Result]], deadline: float) -> Result:
        """Connecting, asking and the one retry all happen within the deadline."""
        unreadable = self._unreadable
        try:
            with anyio.fail_after(deadline):
                try:
                    return await self._attempt(tasks, request)
                except _LostError:
                    # The server may have restarted since the last call: a read-only request may be made again, once.
                    return await self._attempt(tasks, request)
        except TimeoutError as error:
            if self._unreadable > unreadable:
                raise UpstreamFailure.malformed(self.name) from error
            raise self._timed_out(deadline) from error
        except _LostError as error:
            self._break(type(error.__cause__).__name__)
            raise UpstreamFailure.unavailable(self.name, "the connection was lost") from error

    async def _attempt(self, tasks: TaskGroup, request: Callable[[Client], Awaitable[Result]]) -> Result:
        connection, client = await self._connected(tasks)
        try:
            result = await request(client)
        except MCPError as error:
            raise self._failed(connection, error) from error
        except (OSError, anyio.ClosedResourceError, anyio.BrokenResourceError) as error:
            self._drop(connection)
            raise _LostError from error
        except Exception as error:  # the SDK has many ways to refuse a reply whose shape it does not accept
            if connection.alive:
                raise UpstreamFailure.malformed(self.name) from error
            self._drop(connection)
            raise _LostError from error
        self._timeouts = 0
        return result

    async def _connected(self, tasks: TaskGroup) -> tuple[Connection, Client]:
        if self._connection is None or not self._connection.alive:
            if anyio.current_time() < self._broken_until:
                raise UpstreamFailure.unavailable(self.name, "it failed a moment ago and is left alone for now")
            self._connection = Connection(self.name, self.target)
            self._connection.start(tasks, self.connect_seconds)
        connection = self._connection
        client = await connection.opened()
        if client is None:
            self._break(connection.error)
            self._drop(connection)
            raise UpstreamFailure.unavailable(self.name, "no connection")
        self.last_error = None
        return connection, client

    def _failed(self, connection: Connection, error: MCPError) -> Exception:
        """What an error of the protocol means: a broken connection, a reply that cannot be read, or a refusal."""
        # A server that was started again does not know the session of before.
        session_gone = error.code == INVALID_REQUEST and "session" in error.message.lower()
        if error.code == CONNECTION_CLOSED or session_gone or not connection.alive:
            self._drop(connection)
            return _LostError()
        if error.code == REQUEST_TIMEOUT:
            return TimeoutError()
        if error.code == PARSE_ERROR:
            return UpstreamFailure.malformed(self.name)
        return UpstreamFailure.refused(self.name, error.code)

    @property
    def _unreadable(self) -> int:
        return self._connection.unreadable if self._connection is not None else 0

    def _drop(self, connection: Connection) -> None:
        connection.stop()
        if self._connection is connection:
            self._connection = None

    def _break(self, error: str | None) -> None:
        self.last_error = error
        self._broken_until = anyio.current_time() + self.break_seconds

    def _timed_out(self, deadline: float) -> UpstreamFailure:
        connection = self._connection
        # One that is still starting goes on: the next call may find it ready.
        if connection is not None and connection.client is not None:
            self.last_error = TimeoutError.__name__
            self._timeouts += 1
            if self._timeouts >= _TIMEOUTS_TO_BREAK:
                self._timeouts = 0
                self._break(TimeoutError.__name__)
                self._drop(connection)
        return UpstreamFailure.timeout(self.name, deadline)
