"""Assemble a server: tools bound to their dependencies, guarded, with slim schemas and honest annotations."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from mcp.server import CacheHint, MCPServer
from mcp.server.mcpserver.tools import Tool

from serving.guard import StrictArguments
from serving.schema import slim_input, slim_output
from serving.tool import ToolSpec, bind

Lifespan = Callable[[MCPServer[Any]], AbstractAsyncContextManager[Any]]
_LIST_TTL_MS = 300_000


def build_app(
    name: str,
    *,
    version: str,
    instructions: str,
    prefix: str,
    tools: Sequence[ToolSpec],
    deps: object,
    lifespan: Lifespan | None = None,
) -> MCPServer[Any]:
    """A server with these tools, each named prefix + its function's name.

    Raises:
        ValueError: two tools have one name.

    """
    names = [prefix + spec.name for spec in tools]
    if len(set(names)) != len(names):
        raise ValueError(f"{name} would have two tools of one name")
    guard = StrictArguments()
    bound = [_tool(spec, deps, prefix) for spec in tools]
    guard.tools_by_name = {tool.name: tool for tool in bound}
    return MCPServer(
        name,
        version=version,
        instructions=instructions,
        tools=bound,
        extensions=[guard],
        lifespan=lifespan,
        log_level="WARNING",
        cache_hints={"tools/list": CacheHint(ttl_ms=_LIST_TTL_MS, scope="public")},
    )


def _tool(spec: ToolSpec, deps: object, prefix: str) -> Tool:
    tool = Tool.from_function(
        bind(spec, deps, prefix),
        name=prefix + spec.name,
        title=spec.title,
        description=_description(spec),
        annotations=spec.annotations,
    )
    tool.parameters = slim_input(tool.parameters)
    if tool.fn_metadata.output_schema is not None:
        tool.fn_metadata.output_schema = slim_output(tool.fn_metadata.output_schema)
    return tool


def _description(spec: ToolSpec) -> str:
    return " ".join((spec.function.__doc__ or "").split())
