"""Test-only tools, prompts and resources that the public conformance suite calls, added to a real server of ours.

The suite measures how a server speaks, not what it knows: it looks for names such as `test_simple_text`.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context, UserMessage
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import (
    AudioContent,
    CallToolResult,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    UnsubscribeRequestParams,
)

from serving.guard import StrictArguments
from tests.conformance.rounds import add_rounds

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=="
SILENCE = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="
PICTURE = ImageContent(type="image", data=PIXEL, mime_type="image/png")


def add_fixtures(app: MCPServer[Any]) -> None:
    """Add them all, and let the strict guard know the new tools as it knows its own."""
    _add_contents(app)
    _add_notices(app)
    _add_pushed_requests(app)
    _add_resources(app)
    _add_prompts(app)
    _add_handshake_methods(app)
    add_rounds(app)
    [guard] = [extension for extension in app._extensions if isinstance(extension, StrictArguments)]
    guard.tools_by_name = {tool.name: tool for tool in app._tool_manager.list_tools()}


def text(words: str) -> TextContent:
    return TextContent(type="text", text=words)


def embedded(uri: str, kind: str, words: str) -> EmbeddedResource:
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, mime_type=kind, text=words))


def _add_contents(app: MCPServer[Any]) -> None:
    answers: Mapping[str, list[Any]] = {
        "test_simple_text": [text("This is a simple text response for testing.")],
        "test_image_content": [PICTURE],
        "test_audio_content": [AudioContent(type="audio", data=SILENCE, mime_type="audio/wav")],
        "test_embedded_resource": [embedded("test://embedded-resource", "text/plain", "An embedded resource.")],
        "test_multiple_content_types": [
            text("Multiple content types test:"),
            PICTURE,
            embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
        ],
    }
    for name, content in answers.items():
        app.add_tool(_answering(content), name=name, description="Answers with a fixed content.")

    @app.tool(description="Fails on purpose.")
    async def test_error_handling() -> CallToolResult:
        raise ToolError("This tool intentionally returns an error for testing")


def _answering(content: list[Any]) -> Any:
    async def answer() -> CallToolResult:
        return CallToolResult(content=content)

    return answer


def _add_notices(app: MCPServer[Any]) -> None:
    @app.tool(description="Reports progress three times.")
    async def test_tool_with_progress(ctx: Context) -> str:
        for done in (0, 50, 100):
            await ctx.report_progress(done, 100, f"{done} of 100")
        return "done"

    async def log_thrice(ctx: Context) -> str:
        for words in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await ctx.info(words)
        return "done"

    app.add_tool(log_thrice, name="test_tool_with_logging", description="Logs three times.")
    app.add_tool(log_thrice, name="test_logging_tool", description="Logs where the request asks for logs.")


def _add_pushed_requests(app: MCPServer[Any]) -> None:
    """What a server may ask of a client in the middle of a call; handshake connections only."""

    @app.tool(description="Asks the client's model.")
    async def test_sampling(ctx: Context, prompt: str) -> str:
        question = SamplingMessage(role="user", content=text(prompt))
        said = await ctx.session.create_message([question], max_tokens=100, related_request_id=ctx.request_id)
        return f"LLM response: {getattr(said.content, 'text', '')}"

    async def ask(ctx: Context, message: str, properties: Mapping[str, Any]) -> str:
        schema = {"type": "object", "properties": dict(properties)}
        said = await ctx.session.elicit_form(message, schema, related_request_id=ctx.request_id)
        return f"Elicitation completed: action={said.action}, content={json.dumps(said.content)}"

    @app.tool(description="Asks the user.")
    async def test_elicitation(ctx: Context, message: str) -> str:
        return await ask(ctx, message, {"username": {"type": "string"}, "email": {"type": "string"}})

    @app.tool(description="Asks the user with defaults.")
    async def test_elicitation_sep1034_defaults(ctx: Context) -> str:
        return await ask(
            ctx,
            "Defaults",
            {
                "name": {"type": "string", "default": "John Doe"},
                "age": {"type": "integer", "default": 30},
                "score": {"type": "number", "default": 95.5},
                "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
                "verified": {"type": "boolean", "default": True},
            },
        )

    @app.tool(description="Asks the user to choose.")
    async def test_elicitation_sep1330_enums(ctx: Context) -> str:
        names = ["option1", "option2", "option3"]
        titled = [{"const": name, "title": name.title()} for name in names]
        return await ask(
            ctx,
            "Choices",
            {
                "untitledSingle": {"type": "string", "enum": names},
                "titledSingle": {"type": "string", "oneOf": titled},
                "legacyEnum": {"type": "string", "enum": names, "enumNames": [name.title() for name in names]},
                "untitledMulti": {"type": "array", "items": {"type": "string", "enum": names}},
                "titledMulti": {"type": "array", "items": {"anyOf": titled}},
            },
        )


def _add_resources(app: MCPServer[Any]) -> None:
    @app.resource("test://static-text", mime_type="text/plain", description="A text")
    def static_text() -> str:
        return "This is the content of the static text resource."

    @app.resource("test://static-binary", mime_type="image/png", description="A picture")
    def static_binary() -> bytes:
        return base64.b64decode(PIXEL)

    @app.resource("test://watched-resource", mime_type="text/plain", description="A text that may change")
    def watched() -> str:
        return "Watched."

    @app.resource("test://template/{id}/data", mime_type="application/json", description="A text by its id")
    def by_id(id: str) -> str:  # noqa: A002 - the suite's name
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


def _add_prompts(app: MCPServer[Any]) -> None:
    @app.prompt(description="Without arguments")
    def test_simple_prompt() -> list[UserMessage]:
        return [UserMessage("This is a simple prompt for testing.")]

    @app.prompt(description="With arguments")
    def test_prompt_with_arguments(arg1: str, arg2: str) -> list[UserMessage]:
        return [UserMessage(f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")]

    @app.prompt(description="With a resource")
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803 - the suite's name
        return [UserMessage(embedded(resourceUri, "text/plain", "Embedded.")), UserMessage("Read it.")]

    @app.prompt(description="With a picture")
    def test_prompt_with_image() -> list[UserMessage]:
        return [UserMessage(PICTURE), UserMessage("Look at it.")]


def _add_handshake_methods(app: MCPServer[Any]) -> None:
    """Methods of the handshake era that our servers do not offer."""

    async def accept(_ctx: Any, _params: Any) -> EmptyResult:
        return EmptyResult()

    server = app._lowlevel_server
    server.add_request_handler("logging/setLevel", SetLevelRequestParams, accept)
    server.add_request_handler("resources/subscribe", SubscribeRequestParams, accept)
    server.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, accept)
