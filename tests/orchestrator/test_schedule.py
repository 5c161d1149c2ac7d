"""The schedule: each cloud is asked for what is older than its tier allows, by a clock that the test sets, and for nothing else."""

import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import pytest
from mcp import Client

from orchestrator.deps import Deps
from orchestrator.federation.federation import Federation
from orchestrator.federation.upstream import Upstream
from orchestrator.schedule import due_datasets, sync_on_schedule, sync_what_is_due
from orchestrator.server import build_orchestrator
from orchestrator.settings import Freshness, load_settings
from orchestrator.state.job import Job, JobState
from orchestrator.sync import Wanted, start_sync
from servers.kit.settings import Settings as ServerSettings
from servers.sample.generate import generate
from shared_models.dataset import DatasetName
from skyledger.clouds import build_cloud
from tests.builders import NOW

CLOUDS = ("aws", "gcp")
TIERS = Freshness(
    costs_hours=4,
    inventory_hours=1,
    recommendations_hours=24,
    commitments_hours=24,
    prices_hours=168,
    organisation_hours=6,
    usage_hours=24,
)
WITH_BILLS = {"contract_commitment", "invoice_detail", "billing_period", "conformance"}


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("schedule") / "sample"
    generate(folder, rows=1_000, months=1)
    return folder


class Watch:
    """The clock of a test."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


class Schedule:
    """An orchestrator without its server: what is due at the watch's time is fetched when the test says so."""

    def __init__(self, organisation: Path, home: Path) -> None:
        self.folder = home / "exports"
        for name in CLOUDS:
            shutil.copytree(organisation / name, self.folder / name)
        self.watch = Watch()
        settings = load_settings({"SKYLEDGER_HOME": str(home)})
        settings = settings.model_copy(update={"freshness": TIERS, "sync_every_minutes": 60})
        targets = {name: build_cloud(name, ServerSettings(home=home, exports=self.folder / name)) for name in CLOUDS}
        self.deps = Deps(settings, Federation([Upstream(name, app) for name, app in targets.items()]), self.watch)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self.deps.federation.running(), self.deps.jobs.running():
            try:
                yield
            finally:
                self.deps.close()

    async def ended(self, jobs: Iterable[Job]) -> list[Job]:
        return [await self.deps.jobs.wait(job.job_id, 60, silent) for job in jobs]

    async def passes(self) -> dict[str, set[str]]:
        """One pass of the schedule: what it fetched from each cloud."""
        jobs = await self.ended(await sync_what_is_due(self.deps))
        assert {job.state for job in jobs} <= {JobState.DONE}
        return {
            provider: {*job.arguments["datasets"], *job.arguments["bills"]}
            for job in jobs
            for provider in job.arguments["providers"]
        }


def from_each(what: set[str]) -> dict[str, set[str]]:
    return dict.fromkeys(CLOUDS, what)


async def silent(_done: float, _total: float, _said: str) -> None:
    """Nobody follows."""


@pytest.fixture
def schedule(organisation: Path, tmp_path: Path) -> Schedule:
    return Schedule(organisation, tmp_path)


async def test_each_tier_is_fetched_again_when_it_is_due_and_not_before(schedule: Schedule) -> None:
    everything = {"bills", *(name.value for name in DatasetName)}
    async with schedule.running():
        assert await schedule.passes() == from_each(everything)
        assert await schedule.passes() == {}

        schedule.watch.forward(minutes=59)
        assert await schedule.passes() == {}
        schedule.watch.forward(minutes=1)
        assert await schedule.passes() == from_each({"inventory"})

        schedule.watch.forward(hours=3)
        assert await schedule.passes() == from_each({"bills", "inventory", *WITH_BILLS})
        schedule.watch.forward(hours=2)
        assert await schedule.passes() == from_each({"inventory", "organisation"})
        schedule.watch.forward(hours=168)
        assert await schedule.passes() == from_each(everything)


async def test_a_sync_on_demand_counts_for_the_schedule(schedule: Schedule) -> None:
    async with schedule.running():
        await schedule.passes()
        schedule.watch.forward(hours=5)
        await schedule.ended([await start_sync(schedule.deps, ["aws"], Wanted((DatasetName.INVENTORY,)))])

        again = await schedule.passes()

    assert "aws" not in again
    assert again["gcp"] == {"bills", "inventory", *WITH_BILLS}


async def test_a_cloud_that_failed_is_asked_again_at_the_next_pass_and_the_other_is_not(schedule: Schedule) -> None:
    bills = schedule.folder / "gcp" / "costs"
    bills.rename(schedule.folder / "elsewhere")
    async with schedule.running():
        first = await schedule.ended(await sync_what_is_due(schedule.deps))
        gaps = {gap["source"] for job in first for gap in (job.result or {})["coverage"]["gaps"]}
        (schedule.folder / "elsewhere").rename(bills)
        again = await schedule.passes()
        booked = {load.provider for load in schedule.deps.ledger.snapshot().loads}

    assert gaps == {"gcp"}
    assert again.keys() == {"gcp"}
    assert "bills" in again["gcp"]
    assert booked == set(CLOUDS)


async def test_a_dataset_that_a_cloud_does_not_have_is_asked_for_once_a_tier(schedule: Schedule) -> None:
    (schedule.folder / "gcp" / "usage.parquet").unlink()
    async with schedule.running():
        first = await schedule.passes()
        schedule.watch.forward(hours=23)
        soon = await schedule.passes()
        schedule.watch.forward(hours=1)
        later = await schedule.passes()

    assert "usage" in first["gcp"]
    assert "usage" not in soon["gcp"]
    assert "usage" in later["gcp"]


async def test_what_was_lost_is_due_at_once(schedule: Schedule) -> None:
    async with schedule.running():
        await schedule.passes()
        schedule.deps.close()
        for place in schedule.deps.settings.ledger_home.iterdir():
            if "state" not in place.name:
                shutil.rmtree(place) if place.is_dir() else place.unlink()

        due = due_datasets(schedule.deps, ["aws"])
        again = await schedule.passes()

    assert set(due) == set(DatasetName)
    assert "bills" in again["aws"]


async def test_the_schedule_starts_at_once_and_waits_between_its_passes(schedule: Schedule) -> None:
    waits: list[float] = []
    async with schedule.running(), anyio.create_task_group() as tasks:

        async def wait(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 3:
                tasks.cancel_scope.cancel()
            await anyio.lowlevel.checkpoint()

        await sync_on_schedule(schedule.deps, wait)

    assert waits == [3600] * 3


async def test_a_server_with_a_schedule_fills_an_empty_ledger_by_itself(organisation: Path, tmp_path: Path) -> None:
    settings = load_settings({"SKYLEDGER_HOME": str(tmp_path)}).model_copy(update={"sync_every_minutes": 60})
    aws = build_cloud("aws", ServerSettings(home=tmp_path, exports=organisation / "aws"))
    async with Client(build_orchestrator(settings, [Upstream("aws", aws)])) as client:
        with anyio.fail_after(60):
            while True:
                found = await client.call_tool("finops_describe_estate", {})
                if found.structured_content["freshness"]:
                    break

    assert {fresh["source"] for fresh in found.structured_content["freshness"]} == {"aws"}
