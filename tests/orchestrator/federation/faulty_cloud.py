"""A cloud server that answers from a folder and misbehaves as the file `fault` in it says, on all three transports.

python -m tests.orchestrator.federation.faulty_cloud PROVIDER FOLDER stdio|PORT
"""
# ruff: noqa: ARG001, E402 - arguments and resources are there to be asked with; one fault comes before the imports

import itertools
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FAULT = "fault"
STARTS = "starts"
DEADLY = "refuse"

if __name__ == "__main__":  # before the imports that take a second
    _folder = Path(sys.argv[2])
    with (_folder / STARTS).open("a") as _starts:
        _starts.write(f"{os.getpid()}\n")
    if (_folder / FAULT).read_text() == DEADLY:
        sys.exit(3)

import anyio
from mcp import MCPError
from mcp.server import MCPServer
from mcp.types import METHOD_NOT_FOUND

from serving import stdio
from serving.app import build_app
from serving.tool import ToolSpec
from shared_models.errors import PermissionDeniedError
from shared_models.export import ExportAnswer
from shared_models.inventory import ResourcePage
from shared_models.server_card import ServerCard

CANARY = "canary-5f1e0c"
LEAK = f"Authorization: Bearer {CANARY} was refused at https://u:{CANARY}@host/x?sig={CANARY}&key={CANARY}"
GARBAGE = b"<html>502 Bad Gateway</html>"
DRIP = b'{"jsonrpc": "2.0", "id": 1, "result": {"content": ['


@dataclass(frozen=True)
class Script:
    """What this server says, and how it misbehaves now."""

    provider: str
    folder: Path

    @property
    def fault(self) -> str:
        return (self.folder / FAULT).read_text()

    def answer(self, name: str) -> str:
        return (self.folder / name).read_text()


async def describe_server(deps: Script) -> ServerCard:
    """The card."""
    return ServerCard.model_validate_json(deps.answer("card.json"))


async def list_resources(deps: Script, limit: int = 5, cursor: str | None = None) -> ResourcePage:
    """The resources."""
    return ResourcePage.model_validate_json(deps.answer("resources.json"))


async def export_costs(deps: Script, shared_path: bool = True, limit: int = 1) -> ExportAnswer:  # noqa: FBT001, FBT002
    """The bulk hand-over."""
    return ExportAnswer.model_validate_json(deps.answer("export.json"))


def build(provider: str, folder: Path, raw: Callable[[bytes], None] | None = None) -> MCPServer[Any]:
    """The server; `raw` writes bytes to its client past the protocol."""
    script = Script(provider, folder)

    @asynccontextmanager
    async def lifespan(_: MCPServer[Any]) -> AsyncGenerator[None, None]:
        if script.fault == DEADLY:
            raise OSError("not today")
        yield

    app = build_app(
        f"faulty-{provider}",
        version="1",
        instructions="",
        prefix=f"{provider}_",
        tools=[ToolSpec(tool, tool.__name__) for tool in (describe_server, list_resources, export_costs)],
        deps=script,
        lifespan=lifespan,
    )
    app.middleware.append(_Misbehaviour(script, raw))

    @app.resource(f"skyledger://{provider}/{{kind}}/{{sha256}}", mime_type="application/json", description="x")
    async def manifest(kind: str, sha256: str) -> str:
        return script.answer("manifest.json") + (" " if script.fault == "altered_manifest" else "")

    @app.resource(f"skyledger://{provider}/exports/{{sha256}}/{{number}}", mime_type="x/x", description="x")
    async def chunk(sha256: str, number: str) -> bytes:
        data = (folder / "chunk").read_bytes()
        return {"truncated_part": data[:-1], "altered_part": data[:-1] + b"?"}.get(script.fault, data)

    return app


class _Misbehaviour:
    """The middleware that does what the fault says to tool calls."""

    def __init__(self, script: Script, raw: Callable[[bytes], None] | None) -> None:
        self._script = script
        self._raw = raw

    async def __call__(self, ctx: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        fault = self._script.fault
        if ctx.method == "server/discover" and fault == "old_era":
            raise MCPError(METHOD_NOT_FOUND, "Method not found")
        if ctx.method == "resources/read" and fault == "die_reading":
            os.kill(os.getpid(), signal.SIGKILL)
        if ctx.method != "tools/call":
            return await call_next(ctx)
        await self._before(fault)
        result = await call_next(ctx)
        body = result if isinstance(result, dict) else result.model_dump(by_alias=True, mode="json", exclude_none=True)
        if fault == "no_content":
            del body["structuredContent"]
        elif fault in CHANGES:
            body["structuredContent"] = CHANGES[fault](body["structuredContent"])
        elif fault == "error":
            error = PermissionDeniedError(LEAK, on="subscription-1").text()
            body = {**body, "isError": True, "content": [{"type": "text", "text": error}]}
            del body["structuredContent"]
        return body

    async def _before(self, fault: str) -> None:
        if fault == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "crash":
            raise RuntimeError(LEAK)
        if fault == "protocol_error":
            raise MCPError(-32050, LEAK)
        if self._raw and fault == "not_json":
            self._raw(GARBAGE + b"\n")
        if self._raw and fault == "drip":
            for letter in itertools.cycle(DRIP):
                self._raw(bytes([letter]))
                await anyio.sleep(0.02)
        if fault in {"hang", "not_json"}:
            await anyio.sleep_forever()


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "wrong_shape": lambda _: {"unexpected": [1]},
    "missing_field": lambda said: {name: value for name, value in said.items() if name != "coverage"},
    "extra_field": lambda said: {
        **said, "x_new": {"deep": 1}, "data": [{**item, "x_new": 1} for item in said.get("data", [])],
    },
}  # fmt: skip


def _garble(app: Any, script: Script) -> Any:
    """The HTTP application with a layer that answers tool calls with bytes that are no answer."""

    async def garbled(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or script.fault not in {"not_json", "drip"}:
            await app(scope, receive, send)
            return
        first = await receive()
        if b'"tools/call"' not in first.get("body", b""):
            messages = iter([first])

            async def again() -> Any:
                return next(messages, None) or await receive()

            await app(scope, again, send)
            return
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for letter in itertools.cycle(DRIP) if script.fault == "drip" else ():
            await send({"type": "http.response.body", "body": bytes([letter]), "more_body": True})
            await anyio.sleep(0.02)
        await send({"type": "http.response.body", "body": GARBAGE})

    return garbled


def main(provider: str, folder: Path, how: str) -> None:
    """Serve on stdio, or at a port of this machine."""
    fault = (folder / FAULT).read_text()
    if how != "stdio":
        import uvicorn  # noqa: PLC0415 - only HTTP needs it

        app = build(provider, folder)
        uvicorn.run(
            _garble(app.streamable_http_app(), Script(provider, folder)),
            host="127.0.0.1", port=int(how), log_level="error", timeout_graceful_shutdown=1,
        )  # fmt: skip
        return
    wire = os.dup(1)
    if fault == "noisy_start":
        os.write(wire, b'Loading plugins...\n\xff\xfe not utf-8\n{"not": "a message"}\n')
    stdio.run(build(provider, folder, raw=lambda data: (os.write(wire, data), None)[1]))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
