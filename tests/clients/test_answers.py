"""What a client gets from a call: both channels complete, within the schema, and nothing changed by what only reads."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from mcp import Client

from tests.clients.conftest import Build
from tests.clients.listing import ERAS, QUESTIONS, SERVERS

MEANS_SOMETHING = {"cursor", "as_of", "compare_to", "period", "start", "end"}
"""Optional texts without which a call asks something else."""
ALLOWED_TO_CHANGE = {"finops_sync"}


def closed(schema: Any) -> Any:
    """The schema with every object closed, so that a field that it does not name is found."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    return (
        {**found, "additionalProperties": False}
        if isinstance(found.get("properties"), dict) and found.get("type") == "object"
        else found
    )


def examples(server: str, tools: list[Any]) -> list[tuple[Any, dict[str, Any]]]:
    """The tools that have an example call."""
    known = {tool.name: QUESTIONS.get(tool.name.removeprefix(f"{server}_"), {}) for tool in tools}
    return [(tool, known[tool.name]["arguments"]) for tool in tools if "arguments" in known[tool.name]]


@pytest.mark.parametrize(
    ("server", "era"), [(s, e) for s in SERVERS for e in ERAS if e == "auto" or s in {"orchestrator", "aws"}]
)
async def test_both_channels_of_every_answer_are_complete_and_fit_the_schema(
    build: Build, server: str, era: str
) -> None:
    async with Client(build(server), mode=era) as client:
        if server == "orchestrator":
            await client.call_tool("finops_sync", {"wait_seconds": 600})
        for tool, arguments in examples(server, (await client.list_tools()).tools):
            result = await client.call_tool(tool.name, arguments)

            text = result.content[0].text
            assert not result.is_error, text
            assert json.loads(text) == result.structured_content
            assert len(text) / 4 <= 10_000
            jsonschema.validate(result.structured_content, closed(tool.output_schema))


@pytest.mark.parametrize("server", SERVERS)
async def test_a_list_as_text_answers_like_the_list(build: Build, server: str) -> None:
    async with Client(build(server)) as client:
        if server == "orchestrator":
            await client.call_tool("finops_sync", {"wait_seconds": 600})
        for tool, arguments in examples(server, (await client.list_tools()).tools):
            if any(isinstance(value, list) for value in arguments.values()):
                as_text = {k: json.dumps(v) if isinstance(v, list) else v for k, v in arguments.items()}
                one, other = [await client.call_tool(tool.name, each) for each in (arguments, as_text)]

                assert not other.is_error, other.content[0].text
                assert lasting(other.structured_content) == lasting(one.structured_content)


def lasting(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer without what a clock decides."""
    return {key: value for key, value in answer.items() if key not in {"clouds", "evidence", "job_id"}}


@pytest.mark.parametrize("server", SERVERS)
async def test_a_mistyped_argument_is_refused_with_the_right_one(build: Build, server: str) -> None:
    async with Client(build(server)) as client:
        for tool in (await client.list_tools()).tools:
            names = list(tool.input_schema["properties"])
            wrong = f"{names[0]}x" if names else "anything"
            result = await client.call_tool(tool.name, {wrong: "1"})

            assert result.is_error
            error = json.loads(result.content[0].text)["error"]
            assert error["code"] == "unknown_argument"
            assert not names or names[0] in error["hint"]


@pytest.mark.parametrize("server", ["orchestrator", "aws"])
async def test_an_empty_text_is_refused_and_not_taken_for_none(build: Build, server: str) -> None:
    async with Client(build(server)) as client:
        if server == "orchestrator":
            await client.call_tool("finops_sync", {"wait_seconds": 600})
        for tool, arguments in examples(server, (await client.list_tools()).tools):
            for name in MEANS_SOMETHING & set(tool.input_schema["properties"]):
                result = await client.call_tool(tool.name, {**arguments, name: ""})

                assert result.is_error, f"{tool.name} took an empty {name} for none"


async def test_a_tool_that_only_reads_leaves_the_ledger_as_it_was(build: Build, sample: Path) -> None:
    home = sample.parent / "home"
    async with Client(build("orchestrator")) as client:
        await client.call_tool("finops_sync", {"wait_seconds": 600})
        before = content_of(home)
        for tool, arguments in examples("orchestrator", (await client.list_tools()).tools):
            if tool.annotations.read_only_hint:
                await client.call_tool(tool.name, arguments)
            else:
                assert tool.name in ALLOWED_TO_CHANGE or tool.name not in QUESTIONS

    assert content_of(home) == before


def content_of(home: Path) -> dict[str, object]:
    """The files of the ledger, and what its catalogue says; leases and kept answers are bookkeeping of reading."""
    files = {str(file.relative_to(home)): file.stat().st_size for file in sorted(home.rglob("*.parquet"))}
    with closing(sqlite3.connect(next(home.rglob("catalog.sqlite")))) as catalog:
        tables = [row[0] for row in catalog.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        said = {table: catalog.execute(f"SELECT * FROM {table}").fetchall() for table in tables if table != "lease"}
    return {**files, **said}
