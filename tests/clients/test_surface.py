"""What a client sees before it calls anything: small, described, portable, honest, and the same every time."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skyledger.clouds import CLOUDS
from tests.clients.listing import ERAS, SERVERS, empty_server, list_tools, tokens

VERB_ONLY = {"finops_sync"}
"""A verb that names its object already."""
KEEP_STATE = {"finops_sync", "finops_get_job", "finops_replay_answer", "finops_find_anomalies"}
"""Tools that write, though only here and nothing in a cloud."""
Tools = list[dict[str, Any]]


@pytest.fixture(params=[(server, era) for server in SERVERS for era in ERAS], ids="-".join)
def tools(request: pytest.FixtureRequest, tmp_path: Path) -> Tools:
    server, era = request.param
    return list_tools(empty_server(server, tmp_path), era)


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object of a schema."""
    if isinstance(schema, dict):
        yield schema
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from nodes(inner)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("server", "toolsets", "most", "budget"),
    [*[(cloud, "all", 12, 6_000) for cloud in CLOUDS], ("orchestrator", "default", 20, 10_000), ("orchestrator", "all", 40, 20_000)],
)  # fmt: skip
def test_the_tools_fit_into_a_context(
    server: str,
    toolsets: str,
    most: int,
    budget: int,
    era: str,
    tmp_path: Path,
) -> None:
    found = list_tools(empty_server(server, tmp_path, everything=toolsets == "all"), era)

    assert 0 < len(found) <= most
    assert tokens(found) <= budget


@pytest.mark.parametrize("server", SERVERS)
def test_instructions_are_short_and_name_tools_that_exist(server: str, tmp_path: Path) -> None:
    app = empty_server(server, tmp_path)
    said = app.instructions or ""

    names = {tool["name"] for tool in list_tools(app)}
    assert 0 < tokens(said) <= 1_500
    assert set(re.findall(r"\b(?:finops|aws|azure|gcp)_[a-z_]+", said)) <= names


def test_names_are_prefix_verb_noun_and_short(tools: Tools) -> None:
    for tool in tools:
        assert len(tool["name"]) <= 40
        assert tool["name"] in VERB_ONLY or re.fullmatch(r"(finops|aws|azure|gcp)(_[a-z]+){2,}", tool["name"])


def test_every_tool_and_every_argument_is_described(tools: Tools) -> None:
    for tool in tools:
        assert tool["title"], tool["name"]
        assert tool["description"][-1] == ".", tool["name"]
        for node in nodes(tool["inputSchema"]):
            for name, argument in node.get("properties", {}).items():
                assert argument["description"], f"{tool['name']}: {name}"


def test_input_schemas_are_what_every_client_can_read(tools: Tools) -> None:
    for tool in tools:
        assert tool["inputSchema"]["type"] == "object"
        for node in nodes(tool["inputSchema"]):
            assert not {"anyOf", "oneOf", "allOf", "$ref", "$defs", "prefixItems", "const"} & set(node), tool["name"]
            assert not isinstance(node.get("type"), list), tool["name"]
            assert node.get("required") is None or node["required"], tool["name"]
            assert not any(isinstance(argument, bool) for argument in node.get("properties", {}).values())
            assert not isinstance(node.get("additionalProperties"), bool), tool["name"]


def test_every_answer_has_a_schema_without_what_clients_choke_on(tools: Tools) -> None:
    for tool in tools:
        assert tool["outputSchema"]["type"] == "object", tool["name"]
        assert tool["outputSchema"]["properties"], tool["name"]
        for node in nodes(tool["outputSchema"]):
            assert not isinstance(node.get("type"), list), tool["name"]
            assert not any(isinstance(field, bool) for field in node.get("properties", {}).values()), tool["name"]


def test_annotations_are_all_given(tools: Tools) -> None:
    for tool in tools:
        hints = tool["annotations"]
        assert {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"} <= set(hints), tool["name"]
        assert not hints["destructiveHint"], tool["name"]
        assert hints["readOnlyHint"] is (tool["name"] not in KEEP_STATE), tool["name"]


@pytest.mark.parametrize("server", SERVERS)
def test_the_list_is_the_same_in_every_process_and_era(server: str, tmp_path: Path) -> None:
    listed = [json.dumps(list_tools(empty_server(server, tmp_path), era), sort_keys=True) for era in (*ERAS, *ERAS)]

    assert len(set(listed)) == 1


def test_clouds_have_the_same_tools_with_the_same_arguments(tmp_path: Path) -> None:
    listed = {
        cloud: [(t["name"].removeprefix(f"{cloud}_"), t["inputSchema"]) for t in list_tools(empty_server(cloud, tmp_path))]
        for cloud in CLOUDS
    }  # fmt: skip

    assert listed["aws"] == listed["azure"] == listed["gcp"]
