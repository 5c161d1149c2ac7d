"""Serve over stdin and stdout, tolerant of clients that probe with `server/discover` and then shake hands.

The SDK takes a connection's protocol era from its first request and then refuses the other era. Some clients probe
first and initialize after, on the same pipe; so probes that come first are answered here, out of band, and the next
request decides.
"""

import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream
from mcp.server import MCPServer
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from mcp.types import DiscoverResult, JSONRPCRequest, JSONRPCResponse

_PROBE: Final = "server/discover"
_MODERN: Final = "2026-07-28"
_PARENT_POLL_SECONDS: Final = 1.0


def run(app: MCPServer[Any]) -> None:
    """Serve until stdin ends, the parent process is gone, or SIGINT or SIGTERM asks to stop."""
    anyio.run(serve, app)


async def serve(app: MCPServer[Any]) -> None:
    """Serve one connection on this process's stdin and stdout; the process ends with it where stdin stays open."""
    async with stdio_server() as (incoming, outgoing):
        ended = False
        async with anyio.create_task_group() as tasks:
            if os.name == "posix":
                tasks.start_soon(_watch_parent, os.getppid(), tasks.cancel_scope)
                tasks.start_soon(_watch_signals, tasks.cancel_scope)
            async with _after_probes(app, incoming, outgoing) as stream:
                server = app._lowlevel_server  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - the SDK has no public way
                await server.run(stream, outgoing, server.create_initialization_options())
            ended = True
            tasks.cancel_scope.cancel()
        if not ended:
            # A thread of the SDK still waits for a line of a stdin that is open, and cannot be told to stop. All that
            # is ours (children, jobs, the ledger) was closed when the tasks above ended.
            sys.stderr.flush()
            os._exit(0)


@asynccontextmanager
async def _after_probes(
    app: MCPServer[Any], incoming: Any, outgoing: Any
) -> AsyncGenerator[MemoryObjectReceiveStream[SessionMessage | Exception], None]:
    """The incoming messages without the probes that stand before the first other message."""
    send, receive = anyio.create_memory_object_stream[SessionMessage | Exception](0)

    async def pump() -> None:
        probing = True
        async with send:
            async for message in incoming:
                if probing and (request := _probe(message)) is not None:
                    await outgoing.send(SessionMessage(_discovered(app, request)))
                    continue
                probing = False
                await send.send(message)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pump)
        yield receive
        tasks.cancel_scope.cancel()


def _probe(message: SessionMessage | Exception) -> JSONRPCRequest | None:
    if isinstance(message, Exception) or not isinstance(message.message, JSONRPCRequest):
        return None
    return message.message if message.message.method == _PROBE else None


def _discovered(app: MCPServer[Any], request: JSONRPCRequest) -> JSONRPCResponse:
    server = app._lowlevel_server  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    result = DiscoverResult(
        supported_versions=[_MODERN],
        capabilities=server.get_capabilities(protocol_version=_MODERN),
        instructions=server.instructions,
    )
    body = result.model_dump(by_alias=True, mode="json", exclude_none=True)
    body.setdefault("_meta", {})["io.modelcontextprotocol/serverInfo"] = server.server_info_stamp
    return JSONRPCResponse(jsonrpc="2.0", id=request.id, result=body)


async def _watch_parent(parent: int, scope: anyio.CancelScope) -> None:
    """End with the parent, even where a wrapper keeps our stdin open."""
    while os.getppid() == parent:  # noqa: ASYNC110 - no event tells it
        await anyio.sleep(_PARENT_POLL_SECONDS)
    scope.cancel()


async def _watch_signals(scope: anyio.CancelScope) -> None:
    """End in good order when asked to: children are stopped, jobs say that they were cut short."""
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            scope.cancel()
            return
