"""Fixtures that ask the client for input in rounds, as revision 2026-07-28 does instead of pushing requests."""

from collections.abc import Mapping
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context, UserMessage
from mcp.shared.exceptions import MCPError
from mcp.types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    ClientCapabilities,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    InputRequest,
    InputRequiredResult,
    ListRootsRequest,
    SamplingCapability,
    SamplingMessage,
    TextContent,
)

Asked = InputRequiredResult | str


def add_rounds(app: MCPServer[Any]) -> None:
    """Add the tools and the prompt that need input before they answer."""
    name, model, roots = _form("What is your name?", "name"), _model("What is the capital of France?"), _roots()
    confirm = _form("Please confirm", "ok", kind="boolean")
    every = {"user_name": name, "greeting": model, "client_roots": roots}
    for tool, wanted, state in (
        ("elicitation", {"user_name": name}, None),
        ("sampling", {"capital_question": model}, None),
        ("list_roots", {"client_roots": roots}, None),
        ("request_state", {"confirm": confirm}, "state-ok"),
        ("tampered_state", {"confirm": confirm}, "state-ok"),
        ("multiple_inputs", every, "state-ok"),
    ):
        app.add_tool(
            _asking(wanted, state), name=f"test_input_required_result_{tool}", description="Asks, then answers."
        )
    _add_two_rounds(app)
    _add_by_capability(app)
    app.add_tool(
        _asking({"user_name": name}, None), name="test_streaming_elicitation", description="Asks, then answers."
    )

    @app.prompt(description="Asks before it answers")
    async def test_input_required_result_prompt(ctx: Context) -> list[UserMessage] | InputRequiredResult:
        if not (ctx.input_responses or {}).get("user_context"):
            return InputRequiredResult(input_requests={"user_context": _form("What context?", "context")})
        return [UserMessage("With that context.")]


def _form(message: str, field: str, kind: str = "string") -> ElicitRequest:
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def _model(question: str) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=TextContent(type="text", text=question))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=100))


def _roots() -> ListRootsRequest:
    return ListRootsRequest()


def _asking(wanted: Mapping[str, InputRequest], state: str | None) -> Any:
    async def ask(ctx: Context) -> Asked:
        given = ctx.input_responses or {}
        missing = {key: request for key, request in wanted.items() if key not in given}
        if missing:
            return InputRequiredResult(input_requests=missing, request_state=state)
        return f"Thank you. {ctx.request_state or ''}"

    return ask


def _add_two_rounds(app: MCPServer[Any]) -> None:
    @app.tool(description="Asks twice, then answers.")
    async def test_input_required_result_multi_round(ctx: Context) -> Asked:
        given = ctx.input_responses or {}
        if ctx.request_state == "round 2" and "step2" in given:
            return "Both are known."
        if ctx.request_state == "round 1" and "step1" in given:
            return InputRequiredResult(
                input_requests={"step2": _form("Which colour?", "color")}, request_state="round 2"
            )
        return InputRequiredResult(input_requests={"step1": _form("Which name?", "name")}, request_state="round 1")


def _add_by_capability(app: MCPServer[Any]) -> None:
    @app.tool(description="Asks only what the client declared.")
    async def test_input_required_result_capabilities(ctx: Context) -> Asked:
        declared = ctx.client_capabilities or ClientCapabilities()
        wanted: dict[str, InputRequest] = {}
        if declared.sampling is not None:
            wanted["capital_question"] = _model("What is the capital of France?")
        if declared.elicitation is not None:
            wanted["user_name"] = _form("What is your name?", "name")
        missing = {key: request for key, request in wanted.items() if key not in (ctx.input_responses or {})}
        return InputRequiredResult(input_requests=missing) if missing else "Nothing to ask."

    @app.tool(description="Needs a client that samples.")
    async def test_missing_capability(ctx: Context) -> str:
        if ctx.client_capabilities is None or ctx.client_capabilities.sampling is None:
            needed = ClientCapabilities(sampling=SamplingCapability())
            raise MCPError(
                MISSING_REQUIRED_CLIENT_CAPABILITY,
                "sampling was not declared",
                {"requiredCapabilities": needed.model_dump(by_alias=True, mode="json", exclude_none=True)},
            )
        return "It was declared."
