"""How our servers speak MCP, through a real client in both protocol eras."""

import json
from typing import Annotated

import pytest
from mcp import Client
from pydantic import BaseModel, Field

from serving.app import build_app
from serving.logs import redact
from serving.tool import ToolSpec
from shared_models.errors import SourceNotEnabledError


class Greeting(BaseModel):
    """What the tool says."""

    words: tuple[str | None, ...]
    note: str | None = None


async def greet(
    deps: str,
    names: Annotated[list[str] | None, Field(description="Whom to greet")] = None,
    times: Annotated[int, Field(ge=1, le=9_999, description="How often")] = 1,
) -> Greeting:
    """Greets."""
    if names == ["nobody"]:
        raise SourceNotEnabledError("greetings", source=deps, hint="Ask somebody else.")
    if names == ["crash"]:
        raise RuntimeError("password=hunter2")
    return Greeting(words=(*(names or ()), None) * times)


@pytest.fixture(params=["auto", "legacy"])
def client(request: pytest.FixtureRequest) -> Client:
    app = build_app(
        "t", version="1", instructions="i", prefix="t_", tools=[ToolSpec(greet, "Greet")], deps="the source"
    )
    return Client(app, mode=request.param)


async def error(client: Client, arguments: dict) -> dict:
    async with client:
        result = await client.call_tool("t_greet", arguments)
    assert result.is_error
    return json.loads(result.content[0].text)["error"]


async def test_both_channels_of_an_answer_are_the_same_and_complete(client: Client) -> None:
    async with client:
        result = await client.call_tool("t_greet", {"names": ["Ada"]})

    assert json.loads(result.content[0].text) == result.structured_content == {"words": ["Ada", None]}


async def test_a_list_that_arrives_as_text_is_a_list(client: Client) -> None:
    async with client:
        result = await client.call_tool("t_greet", {"names": '["Ada", "Bo"]'})

    assert result.structured_content == {"words": ["Ada", "Bo", None]}


async def test_an_unknown_argument_is_refused_with_its_near_match(client: Client) -> None:
    found = await error(client, {"name": ["Ada"]})

    assert found["code"] == "unknown_argument"
    assert "names" in found["hint"]


async def test_a_value_out_of_range_is_refused_by_name(client: Client) -> None:
    found = await error(client, {"times": 0})

    assert (found["code"], found["details"]["argument"]) == ("invalid_argument", "times")


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"times": True}, "times"),
        ({"names": ["a\x00b"]}, "names"),
        ({"names": ["\ud800"]}, "names"),
        ({"names": ["x" * 10_001]}, "names"),
        ({"\x00": 1}, "arguments"),
    ],
    ids=["a truth value for a number", "a NUL", "half a pair", "a text beyond measure", "a name that is none"],
)
async def test_what_can_be_no_argument_is_refused_by_name(client: Client, arguments: dict, argument: str) -> None:
    found = await error(client, arguments)

    assert (found["code"], found["details"]["argument"]) == ("invalid_argument", argument)


async def test_an_error_repeats_little_of_what_it_was_told(client: Client) -> None:
    found = await error(client, {"names": "[" + "x" * 9_000})

    assert len(json.dumps(found)) < 3_000


async def test_our_own_error_arrives_in_the_unified_form(client: Client) -> None:
    found = await error(client, {"names": ["nobody"]})

    assert (found["code"], found["hint"]) == ("source_not_enabled", "Ask somebody else.")
    assert set(found) == {"code", "message", "hint", "details", "trace_id"}


async def test_an_unexpected_failure_tells_nothing_but_its_trace(client: Client) -> None:
    found = await error(client, {"names": ["crash"]})

    assert found["code"] == "internal"
    assert "hunter2" not in json.dumps(found)


async def test_an_answer_larger_than_a_context_can_bear_is_refused(client: Client) -> None:
    found = await error(client, {"names": ["x" * 50], "times": 9_999})

    assert (found["code"], found["details"]["argument"]) == ("invalid_argument", "limit")


async def test_input_schemas_have_no_null_unions_and_describe_every_argument(client: Client) -> None:
    async with client:
        [tool] = (await client.list_tools()).tools

    text = json.dumps(tool.input_schema)
    assert '"null"' not in text
    assert "anyOf" not in text
    assert all("description" in argument for argument in tool.input_schema["properties"].values())


async def test_a_list_says_how_long_it_may_be_kept(client: Client) -> None:
    async with client:
        listed = await client.list_tools()
        modern = client.protocol_version == "2026-07-28"

    assert (listed.ttl_ms, listed.cache_scope) == ((300_000, "public") if modern else (0, "private"))


@pytest.mark.parametrize("secret", ["AKIAABCDEFGHIJKLMNOP", "Bearer abc.def", "x?sig=abc123", "password = hunter2"])
def test_what_looks_like_a_secret_never_reaches_the_log(secret: str) -> None:
    assert secret.rsplit(maxsplit=1)[-1].rsplit("=", maxsplit=1)[-1] not in redact(f"failed with {secret} at once")
