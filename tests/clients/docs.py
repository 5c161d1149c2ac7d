"""Write docs/tools.md and docs/prompts.md from what the servers list: `python -m tests.clients.docs` (`make docs`)."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from tests.clients.listing import QUESTIONS, empty_server, list_tools, tokens
from tests.conftest import REPOSITORY

DOCS: Final = REPOSITORY / "docs"
_CLOUD: Final = "aws"


def pages(home: Path) -> dict[str, str]:
    """The pages by file name. The three clouds list the same tools, so one of them speaks for all."""
    own = list_tools(empty_server("orchestrator", home))
    cloud = list_tools(empty_server(_CLOUD, home))
    return {
        "tools.md": "\n".join(_tools_page(own, cloud)) + "\n",
        "prompts.md": "\n".join(_prompts_page(own, cloud)) + "\n",
    }


def _tools_page(own: list[dict[str, Any]], cloud: list[dict[str, Any]]) -> Iterator[str]:
    yield "# Tools"
    yield ""
    yield "Made by `make docs` from what the servers list. Every tool is read-only unless it says otherwise; none destroys."
    for title, tools, prefix in _sections(own, cloud):
        yield ""
        yield f"## {title}"
        yield ""
        yield f"{len(tools)} tools, {tokens(tools):,.0f} tokens (characters of compact JSON / 4)."
        for tool in tools:
            yield from _tool(tool, prefix)


def _tool(tool: dict[str, Any], prefix: str) -> Iterator[str]:
    hints = tool["annotations"]
    said = ["read-only" if hints["readOnlyHint"] else "keeps state of its own"]
    said += ["asks the clouds' servers"] if hints["openWorldHint"] else []
    schema = tool["inputSchema"]
    yield ""
    yield f"### {prefix}{tool['name'].partition('_')[2]}"
    yield ""
    yield f"**{tool['title']}** ({', '.join(said)}). {tool['description']}"
    arguments = schema.get("properties", {})
    if arguments:
        yield ""
        yield "| Argument | Type | Meaning |"
        yield "| --- | --- | --- |"
        for name, argument in arguments.items():
            needed = " (required)" if name in schema.get("required", ()) else ""
            yield f"| `{name}`{needed} | {_type(argument)} | {_cell(argument['description'])}{_default(argument)} |"


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "array":
        return f"list of {_type(schema['items'])}"
    if schema["type"] == "object":
        return "{" + ", ".join(schema["properties"]) + "}"
    if "minimum" in schema and "maximum" in schema:
        return f"{schema['type']} {schema['minimum']} to {schema['maximum']}"
    return str(schema["type"])


def _default(schema: dict[str, Any]) -> str:
    return f"; default `{schema['default']}`" if "default" in schema else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _prompts_page(own: list[dict[str, Any]], cloud: list[dict[str, Any]]) -> Iterator[str]:
    yield "# Questions and the tools that answer them"
    yield ""
    yield "Made by `make docs` from `tests/clients/questions.json`; a test ranks the tools by their own words and wants each"
    yield "question's tool among the first three."
    for title, tools, prefix in _sections(own, cloud):
        yield ""
        yield f"## {title}"
        for tool in tools:
            yield ""
            yield f"`{prefix}{tool['name'].partition('_')[2]}`"
            yield ""
            yield from _bullets(
                QUESTIONS.get(tool["name"], QUESTIONS.get(tool["name"].partition("_")[2], {})).get("questions", ())
            )


def _bullets(questions: Iterable[str]) -> Iterator[str]:
    yield from (f"- {question}" for question in questions)


def _sections(own: list[dict[str, Any]], cloud: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]], str]]:
    return [
        ("The orchestrator", own, "finops_"),
        ("A cloud's server: `aws_`, `azure_`, `gcp_`", cloud, "<cloud>_"),
    ]


def main() -> None:
    """Write the pages."""
    with tempfile.TemporaryDirectory() as home:
        for name, text in pages(Path(home)).items():
            (DOCS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
