"""The guard before every tool call: an unknown or malformed argument is refused, never ignored."""

from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.extension import Extension
from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolRequestParams
from pydantic import ValidationError

from serving.arguments import check_arguments
from serving.failures import failure_result
from shared_models.errors import FinOpsError, InvalidArgumentError, RequestError, UnknownArgumentError, near_matches

_SHOWN = 3
_LONGEST_NAME = 128


class UnknownToolError(RequestError):
    """A tool that this server does not have."""

    code = "unknown_tool"


class StrictArguments(Extension):
    """Refuses what a tool's schema does not know; without it a mistyped filter would answer with the whole bill."""

    identifier = "io.skyledger/strict-arguments"

    def __init__(self) -> None:
        self.tools_by_name: dict[str, Tool] = {}

    async def intercept_tool_call(
        self, params: CallToolRequestParams, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        """Check the arguments, then let the call pass."""
        try:
            self._check(params.name, params.arguments or {})
        except FinOpsError as error:
            return failure_result(error, tool=params.name)
        return await call_next(ctx)

    def _check(self, name: str, arguments: dict[str, Any]) -> None:
        tool = self.tools_by_name.get(name)
        if tool is None:
            near = near_matches(name[:_LONGEST_NAME], self.tools_by_name) or sorted(self.tools_by_name)
            raise UnknownToolError(f"There is no tool {name!r}.", hint=f"Near names: {', '.join(near)}.")
        check_arguments(arguments, tool.parameters)
        known = set(tool.parameters.get("properties", {}))
        if unknown := set(arguments) - known:
            raise UnknownArgumentError(unknown, name, known)
        try:
            tool.fn_metadata.validate_arguments(arguments)
        except ValidationError as error:
            raise _invalid(error) from error


def _invalid(error: ValidationError) -> InvalidArgumentError:
    """The first faults in words; the rejected value is the caller's own."""
    faults = [(".".join(str(part) for part in fault["loc"]), fault["msg"]) for fault in error.errors()[:_SHOWN]]
    said = "; ".join(f"{where}: {what}" for where, what in faults)
    return InvalidArgumentError(faults[0][0], f"An argument cannot be used: {said}.", hint="Correct it and repeat.")
