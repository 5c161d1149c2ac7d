"""What a cloud server offers to read besides its tools: its card, values of a column, manifests and chunks."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError

from servers.kit.deps import Deps
from servers.kit.exported.costs import GROUPABLE
from servers.kit.tools.describe_server import describe_server
from servers.kit.tools.export_costs import CHUNK_BYTES, export_folder
from serving.completion import complete_names
from shared_models.untrusted import safe_text

_DIGEST_LETTERS = 64


def add_resources(app: MCPServer[Any], deps: Deps) -> None:
    """Register the resources and the completion of column names."""
    _add_card(app, deps)
    _add_values(app, deps)
    _add_bulk(app, deps)


def _add_card(app: MCPServer[Any], deps: Deps) -> None:
    @app.resource(f"skyledger://{deps.cloud.name}/card", mime_type="application/json", description="This server's card")
    async def card() -> str:  # pyright: ignore[reportUnusedFunction]
        return (await describe_server(deps)).model_dump_json()


def _add_values(app: MCPServer[Any], deps: Deps) -> None:
    @app.resource(
        f"skyledger://{deps.cloud.name}/values/{{column}}",
        mime_type="application/json",
        description="The values that a FOCUS column has in this cloud's bills",
    )
    async def values(column: str) -> str:  # pyright: ignore[reportUnusedFunction]
        if column not in GROUPABLE:
            raise ResourceNotFoundError(f"There is no column {column!r}.")
        found = await anyio.to_thread.run_sync(lambda: deps.cloud.costs.values(column))
        return json.dumps([safe_text(value) for value in found], ensure_ascii=False)

    async def names() -> Sequence[str]:
        return GROUPABLE

    complete_names(app, "column", names)


def _add_bulk(app: MCPServer[Any], deps: Deps) -> None:
    folder = export_folder(deps)

    @app.resource(
        f"skyledger://{deps.cloud.name}/manifests/{{sha256}}",
        mime_type="application/json",
        description="The manifest of one bulk hand-over",
    )
    async def manifest(sha256: str) -> str:  # pyright: ignore[reportUnusedFunction]
        file = await _present(folder / f"{_checked(sha256)}.manifest.json")
        return await anyio.to_thread.run_sync(lambda: file.read_text(encoding="utf-8"))

    @app.resource(
        f"skyledger://{deps.cloud.name}/exports/{{sha256}}/{{number}}",
        mime_type="application/vnd.apache.parquet",
        description="One chunk of at most 4 MiB of an exported part",
    )
    async def chunk(sha256: str, number: str) -> bytes:  # pyright: ignore[reportUnusedFunction]
        if not number.isdecimal():
            raise ResourceNotFoundError("There is no such chunk.")
        file = await _present(folder / f"{_checked(sha256)}.parquet")
        return await anyio.to_thread.run_sync(_read_chunk, file, int(number))


async def _present(file: Path) -> Path:
    if not await anyio.Path(file).is_file():
        raise ResourceNotFoundError("There is no such part.")
    return file


def _checked(sha256: str) -> str:
    """The digest, which is all that may become a part of a file's name."""
    if len(sha256) != _DIGEST_LETTERS or not sha256.isalnum():
        raise ResourceNotFoundError("There is no such part.")
    return sha256


def _read_chunk(file: Path, number: int) -> bytes:
    with file.open("rb") as handle:
        handle.seek(number * CHUNK_BYTES)
        return handle.read(CHUNK_BYTES)
