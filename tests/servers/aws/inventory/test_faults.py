"""The inventory over a wire that pages, throttles, refuses and fails: nothing lost, nothing twice, no gap hidden."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from servers.aws.inventory.port import LiveInventory
from servers.aws.inventory.scan import Scope
from servers.aws.inventory.table import resource_types
from servers.kit.ports import Slice
from shared_models.inventory import Resource
from tests.builders import settled
from tests.clouds.aws.call import Call
from tests.clouds.aws.conftest import aws, aws_sample  # noqa: F401
from tests.clouds.aws.endpoint import Endpoint
from tests.clouds.aws.operations import OPERATIONS
from tests.servers.aws.conftest import Clients, clients  # noqa: F401

ONE, OTHER = "eu-west-1", "us-east-2"
COUNT = 11
Build = Callable[..., LiveInventory]


def volumes(call: Call) -> dict[str, Any]:
    """As many volumes in every region, four to a page."""
    own = [
        {"VolumeId": f"vol-{call.region}-{number:03}", "VolumeType": "gp2", "Size": 40, "State": "available", "CreateTime": call.now, "Encrypted": False}
        for number in range(COUNT)
    ]  # fmt: skip
    page, more = call.page(own, asked="MaxResults")
    return {"Volumes": page, **more}


@pytest.fixture
def served(aws: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Endpoint:  # noqa: F811
    """Volumes in pages of four beside what the endpoint serves."""
    monkeypatch.setitem(OPERATIONS, "ec2:DescribeVolumes", volumes)
    aws.page_sizes["ec2"] = 4
    return aws


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(served: Endpoint) -> Clock:
    return Clock(served.now)


@pytest.fixture
def build(served: Endpoint, clients: Clients, clock: Clock, tmp_path: Path) -> Build:  # noqa: F811
    def inventory(*native_types: str, regions: tuple[str, ...] | None = (ONE, OTHER)) -> LiveInventory:
        rows = [row for row in resource_types() if row.native_type in (native_types or ("AWS::EC2::Volume",))]
        scope = Scope(accounts=(served.ledger.payers[0],), regions=regions)
        return LiveInventory(clients, settled(scope), tmp_path / "inventory", clock, rows=rows, workers=2)

    return inventory


async def whole(inventory: LiveInventory) -> Slice[Resource]:
    return await inventory.page({}, offset=0, limit=1_000)


def ids(found: Slice[Resource], region: str) -> list[str]:
    return [one.resource_id for one in found.items if one.region_id == region]


ALL = [f"vol-{ONE}-{number:03}" for number in range(COUNT)]


async def test_every_page_of_every_region_arrives_once(build: Build):
    found = await whole(build())

    assert (ids(found, ONE), found.total, found.gaps) == (ALL, 2 * COUNT, ())


async def test_pages_of_an_answer_join_without_loss_and_without_a_second_scan(served: Endpoint, build: Build):
    inventory = build()
    first = await inventory.page({}, offset=0, limit=9)
    asked = len(served.served)
    rest = [await inventory.page({}, offset=offset, limit=9) for offset in (9, 18)]

    names = [one.resource_id for page in (first, *rest) for one in page.items]
    assert len(names) == len(set(names)) == first.total == 2 * COUNT
    assert names == sorted(names)
    assert len(served.served) == asked


async def test_a_page_that_comes_twice_adds_nothing(served: Endpoint, build: Build):
    served.faults.duplicate_page("ec2:DescribeVolumes")

    found = await whole(build())

    assert (ids(found, ONE), found.total) == (ALL, 2 * COUNT)


async def test_a_refused_region_is_a_gap_and_the_other_one_answers(served: Endpoint, build: Build):
    served.faults.access_denied("ec2:DescribeVolumes", region=OTHER)

    found = await whole(build())

    assert (ids(found, ONE), ids(found, OTHER)) == (ALL, [])
    (gap,) = found.gaps
    assert gap.code == "permission_denied"
    assert OTHER in gap.message
    assert ONE not in gap.message


async def test_a_region_that_a_policy_denies_wholly_is_one_gap_and_not_one_for_every_type(
    served: Endpoint, build: Build
):
    said = "User is not authorized to perform this action with an explicit deny in a service control policy"
    served.faults.add("*", reason="access_denied", region=OTHER, times=10**6, message=said)
    types = [f"AWS::EC2::{name}" for name in ("Volume", "Instance", "VPC", "NatGateway", "EIP", "Snapshot", "Image")]

    found = await whole(build(*types, regions=(OTHER,)))

    assert found.total == 0
    (gap,) = found.gaps
    assert "AWS::EC2::EIP, AWS::EC2::Image, AWS::EC2::Instance, AWS::EC2::NatGateway and 3 more" in gap.message
    assert "service control policy" in (gap.hint or "")


async def test_a_throttle_that_passes_leaves_no_trace(served: Endpoint, build: Build):
    served.faults.throttle("ec2:DescribeVolumes", after=1)

    found = await whole(build())

    assert (found.total, found.gaps) == (2 * COUNT, ())


async def test_a_throttle_that_stays_is_a_gap(served: Endpoint, build: Build):
    served.faults.throttle("ec2:DescribeVolumes", times=10**6)

    found = await whole(build(regions=(ONE,)))

    assert (found.total, [gap.code for gap in found.gaps]) == (0, ["throttled"])


async def test_credentials_that_expire_in_mid_paging_keep_what_was_read_and_say_so(served: Endpoint, build: Build):
    served.faults.expired_token("ec2:DescribeVolumes", after=2)

    found = await whole(build(regions=(ONE,)))

    assert ids(found, ONE) == ALL[:8]
    (gap,) = found.gaps
    assert (gap.code, gap.state.value) == ("credentials_expired", "partial")
    assert "8 read before that are kept" in gap.message


async def test_what_a_later_scan_is_refused_stays_as_it_was_known_beside_its_gap(
    served: Endpoint, build: Build, clock: Clock
):
    inventory = build(regions=(ONE,))
    await whole(inventory)
    served.faults.expired_token("ec2:DescribeVolumes", after=1)
    clock.now += timedelta(hours=1)

    found = await whole(inventory)

    assert ids(found, ONE) == ALL
    assert [gap.code for gap in found.gaps] == ["credentials_expired"]


async def test_a_server_error_is_a_gap_and_not_an_empty_region(served: Endpoint, build: Build):
    served.faults.server_error("ec2:DescribeVolumes", times=10**6)

    found = await whole(build(regions=(ONE,)))

    assert (found.total, [gap.code for gap in found.gaps]) == (0, ["upstream_unavailable"])


async def test_all_enabled_regions_are_asked_where_none_are_named(served: Endpoint, build: Build):
    found = await whole(build(regions=None))

    assert {one.region_id for one in found.items} == set(served.ledger.regions)
    assert found.gaps == ()


async def test_regions_that_cannot_be_listed_are_a_gap(served: Endpoint, build: Build):
    served.faults.access_denied("ec2:DescribeRegions")

    found = await whole(build(regions=None))

    assert found.total == COUNT
    assert ["every type outside of the home region" in gap.message for gap in found.gaps] == [True]


async def test_what_is_older_than_half_an_hour_is_read_again_and_nothing_before(
    served: Endpoint, build: Build, clock: Clock
):
    inventory = build(regions=(ONE,))
    await whole(inventory)
    asked = len(served.served)

    clock.now += timedelta(minutes=29)
    await whole(inventory)
    unchanged = len(served.served)
    clock.now += timedelta(minutes=2)
    await whole(inventory)

    assert unchanged == asked < len(served.served)


async def test_a_page_of_an_inventory_is_continued_in_the_same_one_only(build: Build, clock: Clock):
    inventory = build(regions=(ONE,))
    first = await inventory.page({}, offset=0, limit=4)
    second = await inventory.page({}, offset=4, limit=4)
    clock.now += timedelta(hours=1)
    anew = await inventory.page({}, offset=0, limit=4)
    third = await inventory.page({}, offset=8, limit=4)

    assert first.snapshot == second.snapshot != anew.snapshot == third.snapshot
