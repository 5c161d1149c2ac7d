"""Thousands of generated calls per tool: no crash, no silent default, every refusal in the unified form.

`make soak-calls` runs ten thousand per tool, each time others; here seventy, always the same ones.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import anyio.from_thread
import jsonschema
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from mcp import Client

from orchestrator.tools.registry import TOOLS
from servers.kit.tools.registry import TOOLS as CLOUD_TOOLS
from shared_models.period import ChargePeriod
from skyledger.clouds import CLOUDS
from tests.clients.conftest import Build
from tests.clients.odd_values import arguments

SOAK = int(os.environ.get("SOAK_CALLS", "0"))
CALLS = SOAK or 70
SLOWER = {"finops_sync": 10, "finops_describe_estate": 4}
"""Tools that ask every cloud for everything get a fraction of the calls."""
TESTED = [
    *[("orchestrator", f"finops_{spec.name}") for spec in TOOLS],
    *[(cloud, f"{cloud}_{spec.name}") for cloud in (CLOUDS if SOAK else CLOUDS[:1]) for spec in CLOUD_TOOLS],
]
CHOSEN = [pair for pair in TESTED if not os.environ.get("SOAK_TOOLS") or pair[1] in os.environ["SOAK_TOOLS"].split(",")]


class Caller:
    """One open client of a server, called from outside of its event loop."""

    def __init__(self, portal: Any, client: Client) -> None:
        self._portal, self._client = portal, client
        self.tools = {tool.name: tool for tool in portal.call(client.list_tools).tools}

    def call(self, tool: str, given_arguments: dict[str, Any]) -> Any:
        return self._portal.call(self._client.call_tool, tool, given_arguments)

    def cursors(self) -> list[str]:
        """Real cursors, of a tool and of another one."""
        when = {"start": "2026-09-01", "end": "2026-11-01", "group_by": ["ServiceName"], "limit": 1}
        names = {name.partition("_")[2]: name for name in self.tools}
        pages = [self.call(names["query_costs"], when), self.call(names["list_resources"], {"limit": 1})]
        return [page.structured_content["pagination"]["next_cursor"] for page in pages]


@pytest.fixture(scope="module")
def opened(build: Build) -> Iterator[Callable[[str], Caller]]:
    """A caller of a server by name; each is opened once, the orchestrator with a filled ledger."""
    with ExitStack() as stack:
        portal = stack.enter_context(anyio.from_thread.start_blocking_portal())
        found: dict[str, Caller] = {}

        def one(server: str) -> Caller:
            if server not in found:
                client = stack.enter_context(portal.wrap_async_context_manager(Client(build(server))))
                found[server] = Caller(portal, client)
                if server == "orchestrator":
                    found[server].call("finops_sync", {"wait_seconds": 600})
            return found[server]

        yield one


@pytest.mark.parametrize(("server", "tool"), CHOSEN, ids=[tool for _, tool in CHOSEN])
def test_a_tool_answers_or_refuses_whatever_it_is_called_with(opened: Any, server: str, tool: str) -> None:
    caller = opened(server)
    listed = caller.tools[tool]

    @settings(
        max_examples=max(10, CALLS // SLOWER.get(tool, 1)),
        deadline=None,
        database=None,
        derandomize=not SOAK,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(given_arguments=arguments(listed.input_schema, caller.cursors()))
    def each(given_arguments: dict[str, Any]) -> None:
        result = caller.call(tool, given_arguments)
        text = result.content[0].text
        assert text.encode(), "an answer can be written to a wire"
        if result.is_error:
            check_refusal(json.loads(text), tool)
        else:
            assert json.loads(text) == result.structured_content
            jsonschema.validate(result.structured_content, listed.output_schema)
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
    wanted = given_arguments.get("period")
    if "period" in answer and isinstance(wanted, str) and not wanted.upper().startswith("FY"):
        assert answer["period"] == ChargePeriod.parse(wanted.strip()).model_dump(mode="json")
