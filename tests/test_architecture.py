"""The shape of the code: registries, files and tests name the same things; modules are small or say why not."""

import ast
import re
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

OURS = ("shared_models", "serving", "servers", "orchestrator", "skyledger")
LONG = {"shared_models/errors.py": "the map of all failures is read as one page"}
"""Modules over 300 lines, each with its reason."""
REGISTRIES = ("servers/kit/tools", "orchestrator/tools", "orchestrator/checks", "orchestrator/analyses")
SHARED = {"arguments", "live", "registry", "__init__"}
"""Modules beside the tools that are no tool: what several of them share."""
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "base_utils"}


def modules() -> list[Path]:
    return sorted(file for package in OURS for file in (REPOSITORY / package).rglob("*.py"))


def functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("folder", [f for f in REGISTRIES if (REPOSITORY / f / "registry.py").is_file()])
def test_a_registry_names_every_file_beside_it_and_no_other(folder: str) -> None:
    files = {file.stem for file in (REPOSITORY / folder).glob("*.py")} - SHARED
    tree = ast.parse((REPOSITORY / folder / "registry.py").read_text(encoding="utf-8"))
    imported = {
        node.module.rsplit(".", 1)[-1]: alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(folder.replace("/", "."))
        for alias in node.names
    }

    registered = {name for module, name in imported.items() if name == module}
    sharing = {file for file in files - registered if file not in functions(REPOSITORY / folder / f"{file}.py")}
    assert registered == files - sharing
    text = (REPOSITORY / folder / "registry.py").read_text(encoding="utf-8")
    assert all(text.count(name) >= 2 for name in registered), "imported and not registered"


CALLERS = {"answer", "ask", "call", "call_tool", "every_item", "refusal", "told"}
"""Functions of tests whose arguments name the tool that they call."""


@pytest.mark.parametrize("folder", ["servers/kit/tools", "orchestrator/tools"])
def test_every_tool_is_called_by_a_test(folder: str) -> None:
    called = {
        re.sub(r"^(finops|aws|azure|gcp)_", "", name)
        for file in (REPOSITORY / "tests").rglob("*.py")
        for name in called_tools(ast.parse(file.read_text(encoding="utf-8")))
    }
    tools = {f.stem for f in (REPOSITORY / folder).glob("*.py") if f.stem not in SHARED and f.stem in functions(f)}

    assert tools
    assert tools - called == set()


def called_tools(tree: ast.AST) -> set[str]:
    """The texts that stand, whole, in a call of a tool, or as the key of a table over which a test runs its calls."""
    found: list[ast.expr | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in CALLERS:
            found += node.args[:2]
        elif isinstance(node, ast.Dict):
            found += node.keys
    return {each.value for each in found if isinstance(each, ast.Constant) and isinstance(each.value, str)}


def test_modules_are_small_or_say_why_not() -> None:
    long = {str(file.relative_to(REPOSITORY)) for file in modules() if len(file.read_text().splitlines()) > 300}

    assert long <= set(LONG), f"over 300 lines without a reason: {sorted(long - set(LONG))}"


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(file.relative_to(REPOSITORY)) for file in modules() if not ast.get_docstring(ast.parse(file.read_text()))
    ]

    assert silent == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [str(file) for file in modules() if file.stem in VAGUE or file.parent.name in VAGUE] == []


def test_every_error_is_on_the_map_of_errors() -> None:
    text = (REPOSITORY / "shared_models/errors.py").read_text(encoding="utf-8")
    tree = ast.parse(text)
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}

    drawn = ast.get_docstring(tree) or ""
    assert [name for name in sorted(classes) if name not in drawn] == []
