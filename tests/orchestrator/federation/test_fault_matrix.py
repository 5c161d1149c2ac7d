"""Every way in which one cloud's server can fail, over every transport: a labelled gap in time, and the others answer."""

import json
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from orchestrator.federation.connection import Target
from tests.orchestrator.federation.conftest import DEADLINE, Azure, orchestrator
from tests.orchestrator.federation.faulty_cloud import CANARY

ALL = ("in-process", "stdio", "http")
PROCESSES = ("stdio", "http")
NOT_STDIO = ("in-process", "http")

# fault: (transports on which it can happen, state and code of the gap, a word of its sentence)
FAULTS: dict[str, tuple[tuple[str, ...], str, str, str]] = {
    "error": (ALL, "error", "permission_denied", "was refused on subscription-1"),
    "crash": (NOT_STDIO, "error", "upstream_error", "refused the request"),
    "protocol_error": (NOT_STDIO, "error", "upstream_error", "protocol error -32050"),
    "hang": (ALL, "timeout", "deadline_exceeded", "no answer within 2 s"),
    "die": (PROCESSES, "unavailable", "upstream_unavailable", "not reached"),
    "wrong_shape": (ALL, "error", "malformed_reply", "cannot be read"),
    "no_content": (NOT_STDIO, "error", "malformed_reply", "cannot be read"),
    "missing_field": (ALL, "error", "malformed_reply", "cannot be read"),
    "not_json": (PROCESSES, "error", "malformed_reply", "cannot be read"),
    "drip": (PROCESSES, "timeout", "deadline_exceeded", "no answer within 2 s"),
}
MATRIX = [(fault, transport) for fault, row in FAULTS.items() for transport in row[0]]
TOLERATED = [
    *(("extra_field", transport) for transport in ALL),
    *(("old_era", transport) for transport in PROCESSES),
    ("noisy_start", "stdio"),
]
Ask = Callable[[], Awaitable[dict[str, Any]]]


@asynccontextmanager
async def asking(app: Any):
    """A function that lists what runs, through a client."""
    async with Client(app) as client:

        async def ask() -> dict[str, Any]:
            result = await client.call_tool("finops_list_resources", {})
            assert not result.is_error, result.content[0].text
            return result.structured_content

        yield ask


async def until_all_answer(ask: Ask) -> dict[str, Any]:
    with anyio.fail_after(30):
        while True:
            answer = await ask()
            if answer["coverage"]["complete"]:
                return answer
            await anyio.sleep(0.05)


def who(answer: dict[str, Any]) -> list[str]:
    return sorted(item["resource_id"] for item in answer["data"])


@pytest.mark.usefixtures("no_orphans")
@pytest.mark.parametrize(("fault", "azure"), MATRIX, indirect=["azure"])
async def test_a_cloud_that_fails_is_a_gap_in_time_and_is_used_again_when_it_is_back(
    fault: str, azure: Azure, healthy: dict[str, Target], tmp_path: Path
) -> None:
    _, state, code, words = FAULTS[fault]
    deadline = 15.0 if fault == "die" else DEADLINE
    azure.behaves()
    async with asking(orchestrator(tmp_path, {**healthy, "azure": azure.target()}, deadline=deadline)) as ask:
        await until_all_answer(ask)
        azure.misbehaves(fault)
        started = time.monotonic()
        answer = await ask()
        took = time.monotonic() - started
        azure.behaves()
        recovered = await until_all_answer(ask)

    [gap] = answer["coverage"]["gaps"]
    assert (gap["source"], gap["state"], gap["code"]) == ("azure", state, code)
    assert words in gap["message"]
    assert gap["hint"]
    said = json.dumps(answer)
    assert not [leak for leak in (CANARY, str(azure.folder), "127.0.0.1", "faulty_cloud", "python") if leak in said]
    assert who(answer) == ["aws-vm", "gcp-vm"]
    assert took <= deadline + 1
    assert who(recovered) == ["aws-vm", "azure-vm", "gcp-vm"]


@pytest.mark.usefixtures("no_orphans")
@pytest.mark.parametrize("azure", ALL, indirect=True)
async def test_a_cloud_that_refuses_to_start_is_left_alone_for_a_while_and_then_used(
    azure: Azure, healthy: dict[str, Target], tmp_path: Path
) -> None:
    azure.stop()
    azure.misbehaves("refuse")
    app = orchestrator(tmp_path, {**healthy, "azure": azure.target()}, deadline=10, break_seconds=4)
    async with asking(app) as ask:
        first = await ask()
        starts = azure.starts()
        second = await ask()
        starts_later = azure.starts()
        azure.behaves()
        recovered = await until_all_answer(ask)

    [gap], [again] = first["coverage"]["gaps"], second["coverage"]["gaps"]
    assert (gap["state"], gap["code"], gap["message"]) == (
        "unavailable", "upstream_unavailable", "not reached: no connection",
    )  # fmt: skip
    assert "left alone" in again["message"]
    assert starts_later == starts
    assert who(second) == ["aws-vm", "gcp-vm"]
    assert who(recovered) == ["aws-vm", "azure-vm", "gcp-vm"]


@pytest.mark.usefixtures("no_orphans")
@pytest.mark.parametrize(("fault", "azure"), TOLERATED, indirect=["azure"])
async def test_a_server_of_another_version_or_a_noisy_one_is_no_outage(
    fault: str, azure: Azure, healthy: dict[str, Target], tmp_path: Path
) -> None:
    azure.misbehaves(fault)
    if azure.transport == "http":
        azure.serve()
    async with asking(orchestrator(tmp_path, {**healthy, "azure": azure.target()}, deadline=15)) as ask:
        answer = await ask()

    assert answer["coverage"]["complete"], answer["coverage"]
    assert who(answer) == ["aws-vm", "azure-vm", "gcp-vm"]


@pytest.mark.usefixtures("no_orphans")
@pytest.mark.parametrize("azure", ["stdio"], indirect=True)
async def test_two_silent_answers_open_the_breaker_so_that_the_third_question_is_quick(
    azure: Azure, healthy: dict[str, Target], tmp_path: Path
) -> None:
    app = orchestrator(tmp_path, {**healthy, "azure": azure.target()}, deadline=0.5, break_seconds=30)
    async with asking(app) as ask:
        await until_all_answer(ask)
        azure.misbehaves("hang")
        states = [(await ask())["coverage"]["gaps"][0]["state"] for _ in range(3)]

    assert states == ["timeout", "timeout", "unavailable"]
