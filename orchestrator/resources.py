"""What the orchestrator offers to read besides its tools: the values of a dimension, with completion of its name."""

import json
from typing import Any, Final

import anyio.to_thread
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError

from orchestrator.deps import Deps
from orchestrator.query.dimensions import GROUPABLE
from orchestrator.query.values import ValueIndex
from serving.completion import complete_names
from shared_models.errors import FinOpsError
from shared_models.untrusted import safe_text

_MOST: Final = 1000


def add_resources(app: MCPServer[Any], deps: Deps) -> None:
    """Register the resource and the completion."""

    @app.resource(
        "skyledger://ledger/values/{dimension}",
        mime_type="application/json",
        description="The values that a FOCUS column, tag or business dimension has in the ledger",
    )
    async def values(dimension: str) -> str:  # pyright: ignore[reportUnusedFunction]
        try:
            found = await anyio.to_thread.run_sync(_values, deps, dimension)
        except FinOpsError as error:
            raise ResourceNotFoundError(f"{error.message} {error.hint}") from error
        return json.dumps([safe_text(value) for value in found[:_MOST]], ensure_ascii=False)

    complete_names(app, "dimension", lambda: anyio.to_thread.run_sync(_names, deps))


def _values(deps: Deps, dimension: str) -> list[str]:
    snapshot = deps.ledger.snapshot()
    catalog = deps.engine().catalog
    resolved = catalog.resolve(dimension)
    return list(ValueIndex(deps.ledger, snapshot, catalog).all_values(resolved)) if snapshot.booked else []


def _names(deps: Deps) -> tuple[str, ...]:
    catalog = deps.engine().catalog
    return (*catalog.business_names, *catalog.tag_names, *GROUPABLE)
