"""Completion of the one argument of a resource that names something: what fits of the names there are."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from mcp.server import MCPServer
from mcp.types import Completion, CompletionArgument, CompletionContext, PromptReference, ResourceTemplateReference

_MOST: Final = 100


def complete_names(app: MCPServer[Any], argument: str, names: Callable[[], Awaitable[Iterable[str]]]) -> None:
    """Complete this argument with the names that contain what was typed, in their order, whatever its case."""

    @app.completion()
    async def complete(  # pyright: ignore[reportUnusedFunction]
        _ref: PromptReference | ResourceTemplateReference,
        typed: CompletionArgument,
        _context: CompletionContext | None,
    ) -> Completion | None:
        if typed.name != argument:
            return None
        fitting = [name for name in await names() if typed.value.casefold() in name.casefold()]
        shown = fitting[:_MOST]
        return Completion(values=shown, total=len(fitting), has_more=len(fitting) > len(shown))
