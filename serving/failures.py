"""Errors on the wire: one form, one sentence, nothing of an unexpected exception but a trace id."""

from mcp.types import CallToolResult, TextContent

from serving.logs import structured
from shared_models.errors import FinOpsError


class InternalError(FinOpsError):
    """Something that we did not anticipate; the log has the rest under the trace id."""

    code = "internal"

    def __init__(self, tool: str) -> None:
        super().__init__(f"{tool} failed unexpectedly.", hint="Repeat it; if it fails again, report the trace_id.")


def failure_result(error: Exception, *, tool: str) -> CallToolResult:
    """The tool error that the model reads."""
    if isinstance(error, FinOpsError):
        structured().info("tool_refused", tool=tool, code=error.code, trace_id=error.trace_id)
        told = error
    else:
        told = InternalError(tool)
        structured().error("tool_failed", tool=tool, trace_id=told.trace_id, exc_info=error)
    return CallToolResult(content=[TextContent(type="text", text=told.text())], is_error=True)
