"""A question's own words lead to its tool: the descriptions say what people ask, not how the tool is made."""

import json
from pathlib import Path

import pytest

from skyledger.clouds import CLOUDS
from tests.clients.listing import QUESTIONS, empty_server, list_tools
from tests.clients.ranking import rank
from tests.conftest import REPOSITORY

GOLDEN = json.loads((REPOSITORY / "tests" / "golden" / "questions.json").read_text(encoding="utf-8"))


def misplaced(asked: list[tuple[str, str]], tools: list[dict], best: int) -> dict[str, list[str]]:
    """The questions whose tool is not among the best ones, with those that are."""
    ranked = {question: rank(question, tools)[:best] for question, _ in asked}
    return {question: ranked[question] for question, tool in asked if tool not in ranked[question]}


def test_a_golden_question_finds_its_tool_among_the_first_three(tmp_path: Path) -> None:
    tools = list_tools(empty_server("orchestrator", tmp_path))
    asked = [(question["question"], question["tool"]) for question in GOLDEN]

    assert misplaced(asked, tools, 3) == {}
    assert len(misplaced(asked, tools, 1)) <= 2 * len(asked) // 3


@pytest.mark.parametrize("server", ["orchestrator", *CLOUDS])
def test_a_plain_question_finds_its_tool_among_the_first_three(server: str, tmp_path: Path) -> None:
    tools = list_tools(empty_server(server, tmp_path))
    plain = {tool["name"]: tool["name"].removeprefix(f"{server}_") for tool in tools}
    asked = [
        (question, name) for name, key in plain.items() for question in QUESTIONS.get(key, {}).get("questions", ())
    ]

    assert asked
    assert misplaced(asked, tools, 3) == {}
    assert len(misplaced(asked, tools, 1)) <= len(asked) // 4
