"""Thousands of generated calls per tool: no crash, no silent default, every refusal in the unified form.

`make soak-calls` runs ten thousand per tool, each time others; here some hundred, always the same ones.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio.from_thread
import jsonschema
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mcp import Client

from orchestrator.tools.registry import TOOLS
from servers.kit.tools.registry import TOOLS as CLOUD_TOOLS
from shared_models.period import ChargePeriod
from tests.clients.conftest import Build
from tests.clients.odd_values import arguments

SOAK = int(os.environ.get("SOAK_CALLS", "0"))
CALLS = SOAK or 250
TESTED = [
    *[("orchestrator", f"finops_{spec.name}") for spec in TOOLS],
    *[
        (cloud, f"{cloud}_{spec.name}")
        for cloud in (("aws", "azure", "gcp") if SOAK else ("aws",))
        for spec in CLOUD_TOOLS
    ],
]
CHOSEN = [pair for pair in TESTED if not os.environ.get("SOAK_TOOLS") or pair[1] in os.environ["SOAK_TOOLS"].split(",")]
SLOW = {"finops_sync": 10, "aws_export_costs": 4}
"""Tools that read every file per call get a fraction of the calls."""


@contextmanager
def opened(build: Build, server: str) -> Iterator[Any]:
    """A blocking `call(tool, arguments)` and the tools' schemas, through one client of the server."""
    with anyio.from_thread.start_blocking_portal() as portal:
        with portal.wrap_async_context_manager(Client(build(server))) as client:
            if server == "orchestrator":
                portal.call(client.call_tool, "finops_sync", {})
            schemas = {tool.name: tool for tool in portal.call(client.list_tools).tools}
            yield lambda tool, given: portal.call(client.call_tool, tool, given), schemas


def cursors_of(call: Any, server: str) -> list[str]:
    """Real cursors, of this tool or of another one."""
    prefix = "finops" if server == "orchestrator" else server
    when = {"start": "2026-09-01", "end": "2026-11-01", "group_by": ["ServiceName"], "limit": 1}
    pages = [call(f"{prefix}_query_costs", when), call(f"{prefix}_list_resources", {"limit": 1})]
    return [page.structured_content["pagination"]["next_cursor"] for page in pages]


@pytest.mark.parametrize(("server", "tool"), CHOSEN, ids=[tool for _, tool in CHOSEN])
def test_a_tool_answers_or_refuses_whatever_it_is_called_with(build: Build, server: str, tool: str) -> None:
    with opened(build, server) as (call, tools):
        asked = arguments(tools[tool].input_schema, cursors_of(call, server))
        count = max(20, CALLS // SLOW.get(tool, 1))

        @settings(
            max_examples=count, deadline=None, database=None, derandomize=not SOAK, suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink], print_blob=False,
        )  # fmt: skip
        @given(given_arguments=asked)
        def each(given_arguments: dict[str, Any]) -> None:
            result = call(tool, given_arguments)
            text = result.content[0].text
            text.encode()
            if result.is_error:
                check_refusal(json.loads(text), tool)
            else:
                assert json.loads(text) == result.structured_content
                jsonschema.validate(result.structured_content, tools[tool].output_schema)
                check_echo(given_arguments, result.structured_content)

        each()


def check_refusal(envelope: dict[str, Any], tool: str) -> None:
    """The unified form, with a sentence and advice, and never an accident."""
    [error] = envelope.values()
    assert set(error) == {"code", "message", "hint", "details", "trace_id"}
    assert error["code"] != "internal", f"{tool} crashed: {error}"
    assert all(isinstance(error[key], str) and error[key] for key in ("code", "message", "hint", "trace_id"))
    assert len(json.dumps(envelope)) < 8_000, f"{tool} tells too much"


def check_echo(given_arguments: dict[str, Any], answer: dict[str, Any]) -> None:
    """What was given is what was answered: no argument is quietly replaced by its default."""
    for name in ("metric", "group_by"):
        if given_arguments.get(name) and name in answer:
            wanted = given_arguments[name]
            assert answer[name] == (
                json.loads(wanted) if isinstance(wanted, str) and wanted.startswith("[") else wanted
            )
    for name, value in given_arguments.items():
        assert not (isinstance(value, bool) and name == "limit"), "a truth value is no number"
        assert not (value == "" and name in {"as_of", "compare_to", "cursor", "period", "start", "end"}), (
            f"{name} ignored"
        )
    if "compare_to" in answer or given_arguments.get("compare_to"):
        assert answer.get("compare_to"), "no comparison was made"
    if "period" in answer and isinstance(wanted := given_arguments.get("period"), str) and wanted.isascii():
        if not wanted.upper().startswith("FY"):
            assert answer["period"] == ChargePeriod.parse(wanted.strip()).model_dump(mode="json")
