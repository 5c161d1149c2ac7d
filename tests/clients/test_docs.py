"""What the documentation claims about tools is what the servers list."""

import re
import tomllib
from pathlib import Path

import pytest

from skyledger.cli import parser
from tests.clients.docs import DOCS, pages
from tests.clients.listing import empty_server, list_tools
from tests.conftest import REPOSITORY

NUMBERS = {word: number for number, word in enumerate(
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"]
)}  # fmt: skip
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_the_pages_of_tools_and_prompts_are_up_to_date(tmp_path: Path) -> None:
    for name, text in pages(tmp_path).items():
        assert (DOCS / name).read_text(encoding="utf-8") == text, f"run `make docs`: docs/{name} is stale"


def test_the_readme_counts_its_tools(tmp_path: Path) -> None:
    own = list_tools(empty_server("orchestrator", tmp_path, everything=False))
    cloud = list_tools(empty_server("aws", tmp_path))

    said = re.search(r"\*\*Small\.\*\* (\w+) orchestrator tools, (\w+) per cloud server", README)
    assert said, "the README says how many tools there are"
    assert [NUMBERS[word.lower()] for word in said.groups()] == [len(own), len(cloud)]


def test_the_readme_lists_every_tool_of_the_orchestrator(tmp_path: Path) -> None:
    own = {tool["name"] for tool in list_tools(empty_server("orchestrator", tmp_path))}

    assert set(re.findall(r"^\| `(finops_\w+)`", README, re.MULTILINE)) == own


def test_the_changelog_counts_the_tools_of_a_cloud(tmp_path: Path) -> None:
    changelog = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    counts = re.findall(r"(\w+) tools each", changelog)

    assert NUMBERS[counts[-1].lower()] == len(list_tools(empty_server("aws", tmp_path)))


def test_every_tool_that_a_document_names_exists(tmp_path: Path) -> None:
    known = {
        t["name"]
        for server in ("orchestrator", "aws", "azure", "gcp")
        for t in list_tools(empty_server(server, tmp_path))
    }
    for page in (REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *DOCS.rglob("*.md")):
        named = set(
            re.findall(
                r"\b(?:finops|aws|azure|gcp)_(?:list|query|describe|explain|run|sync|export)\w*", page.read_text()
            )
        )
        assert named <= known, page.name


def test_every_command_of_the_readme_exists() -> None:
    commands = next(action.choices for action in parser()._actions if action.dest == "command")
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    script = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["scripts"]

    named = set(re.findall(r"^skyledger (\w+)|`skyledger ([a-z]+)[ `|]", README, re.MULTILINE))
    assert {one or other for one, other in named} <= set(commands)
    for target in re.findall(r"\bmake ([a-z-]+)\b", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    assert "skyledger" in script


@pytest.mark.parametrize("target", ["test", "demo", "conformance", "inspector", "docs", "soak-calls"])
def test_make_help_lists_the_target(target: str) -> None:
    assert re.search(rf"^{target}:.*## ", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
