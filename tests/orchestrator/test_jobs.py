"""Long work: it is started, followed, joined, cancelled, cut short with its server, and found when its owner died."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from pydantic import BaseModel

from orchestrator.jobs import JobRunner, Report
from orchestrator.ledger.home import LedgerHome
from orchestrator.state.job import Job, Jobs, JobState
from orchestrator.state.owner import this_process
from orchestrator.state.state import State
from shared_models.errors import DataNotReadyError, UnknownJobError
from tests.builders import NOW
from tests.orchestrator.federation.conftest import bill, cloud_folder, orchestrator
from tests.orchestrator.federation.faulty_cloud import FAULT, build


class Outcome(BaseModel):
    """What the work of a test returns."""

    worth: str = "1"


class Gate:
    """Work that goes on until a test opens the gate; it counts how many were inside."""

    def __init__(self) -> None:
        self.opened = anyio.Event()
        self.entered = anyio.Event()
        self.inside = 0

    async def work(self, report: Report) -> Outcome:
        self.inside += 1
        self.entered.set()
        await report(1, 2, "half")
        await self.opened.wait()
        return Outcome()


@pytest.fixture
def state(tmp_path: Path) -> State:
    home = LedgerHome(tmp_path / "ledger")
    home.prepare()
    return State(home)


def runner(state: State) -> JobRunner:
    return JobRunner(lambda: state, lambda: NOW)


async def silent(_done: float, _total: float, _said: str) -> None:
    """Nobody looks."""


async def start(jobs: JobRunner, gate: Gate, *providers: str) -> Job:
    return await jobs.start("sync", {"providers": providers}, gate.work, one_per="providers")


async def test_a_job_goes_on_after_the_wait_and_its_result_is_kept(state: State) -> None:
    gate, jobs = Gate(), runner(state)
    async with jobs.running():
        job = await start(jobs, gate, "aws")
        await gate.entered.wait()
        under_way = await jobs.wait(job.job_id, 0.1, silent)
        gate.opened.set()
        await jobs.wait(job.job_id, 30, silent)

    kept = Jobs(state).get(job.job_id, NOW)
    assert (under_way.state, under_way.done, under_way.total, under_way.said) == (JobState.RUNNING, 1, 2, "half")
    assert (kept.state, kept.result) == (JobState.DONE, {"worth": "1"})


async def test_a_second_sync_of_the_same_clouds_joins_and_one_of_more_clouds_waits(state: State) -> None:
    gate, wider, jobs = Gate(), Gate(), runner(state)
    async with jobs.running():
        first = await start(jobs, gate, "aws", "gcp")
        await gate.entered.wait()
        same = await start(jobs, Gate(), "gcp")
        more = await start(jobs, wider, "gcp", "azure")
        queued = await jobs.wait(more.job_id, 0.6, silent)
        inside = wider.inside
        gate.opened.set()
        wider.opened.set()
        ended = await jobs.wait(more.job_id, 30, silent)

    assert same.job_id == first.job_id
    assert (queued.state, inside, gate.inside) == (JobState.QUEUED, 0, 1)
    assert (ended.state, wider.inside) == (JobState.DONE, 1)


async def test_syncs_of_different_clouds_run_at_once(state: State) -> None:
    one, other, jobs = Gate(), Gate(), runner(state)
    async with jobs.running():
        await start(jobs, one, "aws")
        await start(jobs, other, "gcp")
        with anyio.fail_after(30):
            await one.entered.wait()
            await other.entered.wait()


async def test_a_job_of_another_process_is_joined_and_can_be_cancelled_from_here(state: State) -> None:
    gate, theirs, ours = Gate(), runner(state), runner(state)
    async with theirs.running(), ours.running():
        job = await start(theirs, gate, "aws")
        await gate.entered.wait()
        joined = await start(ours, Gate(), "aws")
        await ours.cancel(joined.job_id)
        ended = await ours.wait(joined.job_id, 30, silent)

    assert joined.job_id == job.job_id
    assert ended.state is JobState.CANCELLED


async def test_a_job_ends_with_its_server_and_says_so(state: State) -> None:
    gate, jobs = Gate(), runner(state)
    async with jobs.running():
        job = await start(jobs, gate, "aws")
        await gate.entered.wait()

    ended = Jobs(state).get(job.job_id, NOW)
    assert (ended.state, ended.error["code"]) == (JobState.CANCELLED, "job_stopped")


async def test_a_refusal_of_the_work_is_kept_in_the_unified_form(state: State) -> None:
    async def refused(_report: Report) -> Outcome:
        raise DataNotReadyError("The bill has not arrived.", hint="Tomorrow.")

    async def crashed(_report: Report) -> Outcome:
        raise KeyError("secret detail")

    jobs = runner(state)
    async with jobs.running():
        known = await jobs.start("a", {}, refused, one_per="providers")
        unknown = await jobs.start("b", {}, crashed, one_per="providers")
        known, unknown = await jobs.wait(known.job_id, 30, silent), await jobs.wait(unknown.job_id, 30, silent)

    assert (known.state, known.error["code"], known.error["hint"]) == (JobState.FAILED, "data_not_ready", "Tomorrow.")
    assert (unknown.state, unknown.error["code"]) == (JobState.FAILED, "job_crashed")
    assert "secret detail" not in json.dumps(unknown.error)


async def test_a_job_whose_process_died_is_lost_and_the_next_one_simply_starts(state: State) -> None:
    machine, number, _ = this_process().rsplit(":", 2)
    lost, _ = Jobs(state).enter("sync", {"providers": ["aws"]}, NOW)
    with state.committing() as connection:
        connection.execute("UPDATE job SET owner = ?, state = 'running'", [f"{machine}:{number}:1.00"])

    gate, jobs = Gate(), runner(state)
    gate.opened.set()
    async with jobs.running():
        job = await start(jobs, gate, "aws")
        ended = await jobs.wait(job.job_id, 30, silent)

    found = Jobs(state).get(lost.job_id, NOW)
    assert (found.state, found.error["code"]) == (JobState.LOST, "job_lost")
    assert job.job_id != lost.job_id
    assert ended.state is JobState.DONE


def test_old_jobs_are_forgotten(state: State) -> None:
    jobs = Jobs(state)
    old, _ = jobs.enter("sync", {"providers": ["aws"]}, NOW - timedelta(days=8))
    jobs.end(old.model_copy(update={"state": JobState.DONE}), NOW - timedelta(days=8))
    jobs.enter("sync", {"providers": ["aws"]}, NOW)

    with pytest.raises(UnknownJobError):
        jobs.get(old.job_id, NOW)


async def test_a_sync_that_takes_longer_than_the_wait_is_followed_by_its_job(tmp_path: Path) -> None:
    folders = {name: cloud_folder(tmp_path / name, name) for name in ("aws", "azure", "gcp")}
    for name, folder in folders.items():
        bill(folder, name)
    (folders["azure"] / FAULT).write_text("hang")
    ticks: list[float] = []

    async def progressed(done: float, _total: float | None, _said: str | None) -> None:
        ticks.append(done)

    async def tool(client: Client, name: str, **arguments: Any) -> dict[str, Any]:
        result = await client.call_tool(name, arguments, progress_callback=progressed)
        assert not result.is_error, result.content[0].text
        return result.structured_content

    app = orchestrator(tmp_path, {name: build(name, folder) for name, folder in folders.items()}, heartbeat=0.1)
    async with Client(app) as client:
        started = await tool(client, "finops_sync", datasets=[], wait_seconds=1.5)
        cancelled = await tool(client, "finops_get_job", job_id=started["job_id"], cancel=True)
        unknown = await client.call_tool("finops_get_job", {"job_id": "none"})

    assert started["state"] == "running"
    assert "coverage" not in started
    assert len(ticks) >= 5
    assert ticks == sorted(set(ticks)), "progress must grow"
    assert cancelled["state"] == "cancelled"
    assert json.loads(unknown.content[0].text)["error"]["code"] == "unknown_job"
