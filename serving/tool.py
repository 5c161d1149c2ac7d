"""A tool as its author declares it, and how it becomes an MCP tool with both channels of its answer complete."""

import functools
import inspect
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, cast, get_type_hints

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import BaseModel

from serving.failures import failure_result
from shared_models.errors import FinOpsError, InvalidArgumentError
from shared_models.untrusted import shortened_in

ANSWER_CAP: Final = 40_000
"""Bytes of one answer's text: about 10k tokens."""
_LONGEST_NAME: Final = 200


@dataclass(frozen=True)
class ToolSpec:
    """One tool: an async function whose first parameter is the server's dependencies.

    The other parameters are the arguments, `ctx: Context` excepted; the docstring is what the model reads; the return
    annotation is the output schema.
    """

    function: Callable[..., Awaitable[BaseModel]]
    title: str
    toolset: str = "cost"
    read_only: bool = True
    open_world: bool = False

    @property
    def name(self) -> str:
        """`query_costs`: the server's prefix comes before it."""
        return self.function.__name__

    @property
    def annotations(self) -> ToolAnnotations:
        """What a client may assume. Nothing of ours destroys; what keeps state says so by not being read-only."""
        return ToolAnnotations(
            read_only_hint=self.read_only,
            destructive_hint=False,
            idempotent_hint=True,
            open_world_hint=self.open_world,
        )


def bind(spec: ToolSpec, deps: object, prefix: str) -> Callable[..., Awaitable[CallToolResult]]:
    """The function that MCP registers: without the dependencies, with errors in the unified form."""
    hints = get_type_hints(spec.function, include_extras=True)
    signature = inspect.signature(spec.function)
    own = list(signature.parameters.values())[1:]
    parameters = [parameter.replace(annotation=hints[parameter.name]) for parameter in own]
    wants_context = any(hints[parameter.name] is Context for parameter in own)

    @functools.wraps(spec.function)
    async def call(*args: Any, **arguments: Any) -> CallToolResult:
        try:
            return answer_result(await spec.function(deps, *args, **arguments))
        except FinOpsError as error:
            return failure_result(error, tool=prefix + spec.name)
        except Exception as error:  # noqa: BLE001 - the border: nothing unexpected reaches the model
            return failure_result(error, tool=prefix + spec.name)

    annotations = {parameter.name: parameter.annotation for parameter in parameters}
    returned = Annotated[CallToolResult, hints["return"]]
    call.__signature__ = inspect.Signature(parameters, return_annotation=returned)  # type: ignore[attr-defined]
    call.__annotations__ = {**annotations, "return": returned, **({"ctx": Context} if wants_context else {})}
    del call.__wrapped__  # type: ignore[attr-defined]
    return call


def answer_result(answer: BaseModel) -> CallToolResult:
    """The answer as compact JSON text and as structured content, each complete on its own.

    Where names from a bill make it larger than an answer may be, long texts are cut and say how long they are.

    Raises:
        InvalidArgumentError: it is larger than one answer may be.

    """
    slim = answer.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=False)
    text = _compact(slim)
    if len(text.encode()) > ANSWER_CAP:
        slim = cast("dict[str, Any]", shortened_in(slim, _LONGEST_NAME))
        text = _compact(slim)
    if len(text.encode()) > ANSWER_CAP:
        raise InvalidArgumentError(
            "limit",
            f"The answer has {len(text.encode()) // 1000} kB; an answer holds at most {ANSWER_CAP // 1000} kB.",
            hint="Lower limit, use fewer group_by columns or a coarser granularity, or follow the cursor.",
        )
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=slim)


def _compact(slim: dict[str, Any]) -> str:
    return json.dumps(slim, ensure_ascii=False, separators=(",", ":"))
