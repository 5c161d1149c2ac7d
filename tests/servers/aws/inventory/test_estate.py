"""Every family of resources, made in moto through boto3, is listed as a bill names it: id, place, tags, time, facts."""

from collections.abc import Mapping
from pathlib import Path

import anyio
import pytest

from servers.aws.inventory.port import LiveInventory
from servers.aws.inventory.scan import Scope
from servers.aws.inventory.table import resource_types
from servers.aws.inventory.walk import Clients
from servers.kit.ports import Slice
from shared_models.inventory import Resource
from tests.builders import NOW, settled
from tests.servers.aws.inventory.conftest import ACCOUNT, REGION, clients_of
from tests.servers.aws.inventory.estate import ESTATE, UNTAGGED

WITHOUT_TIME = frozenset(
    f"AWS::{name}"
    for name in (
        "EC2::VPC",
        "EC2::EIP",
        "EC2::SecurityGroup",
        "Route53::HostedZone",
        "SNS::Topic",
        "IoT::Thing",
        "ECS::Cluster",
        "OpenSearchService::Domain",
        "MemoryDB::Cluster",
        "Lambda::Function",
        "ECS::Service",
        "FSx::FileSystem",
    )
)
"""Kinds for which the API (or moto, for the last two) says no time of creation."""
WITHOUT_REGION = frozenset({"AWS::Route53::HostedZone", "AWS::IAM::User", "AWS::S3::Bucket"})
"""What has no region; moto does not say that of a bucket."""


@pytest.fixture(scope="module")
def clients(moto_url: str) -> Clients:
    return clients_of(moto_url)


@pytest.fixture(scope="module")
def made(clients: Clients) -> Mapping[str, str]:
    return {name: make(lambda service: clients(service, REGION, None)) for name, (make, _) in ESTATE.items()}


@pytest.fixture(scope="module")
def listed(made: Mapping[str, str], clients: Clients, tmp_path_factory: pytest.TempPathFactory) -> Slice[Resource]:
    folder: Path = tmp_path_factory.mktemp("inventory")
    rows = [row for row in resource_types() if row.native_type in made]
    scope = Scope(accounts=(ACCOUNT,), regions=(REGION,))
    inventory = LiveInventory(clients, settled(scope), folder, lambda: NOW, rows=rows, workers=2)

    async def whole() -> Slice[Resource]:
        return await inventory.page({}, offset=0, limit=10_000)

    return anyio.run(whole)


def test_nothing_of_the_estate_is_refused(listed: Slice[Resource]):
    assert [gap.message for gap in listed.gaps] == []


def test_no_resource_is_listed_twice(listed: Slice[Resource]):
    names = [(one.native_type, one.resource_id) for one in listed.items]

    assert len(names) == len(set(names)) == listed.total


@pytest.mark.parametrize("native_type", ESTATE)
def test_a_resource_is_named_as_its_bill_names_it(native_type: str, made: Mapping[str, str], listed: Slice[Resource]):
    found = [one for one in listed.items if (one.native_type, one.resource_id) == (native_type, made[native_type])]

    assert len(found) == 1
    (resource,) = found
    assert resource.sub_account_id == ACCOUNT
    assert resource.region_id == (None if native_type in WITHOUT_REGION else REGION)
    assert resource.tags == ({} if native_type in UNTAGGED else {"team": "atlas"})
    assert (resource.created_at is None) is (native_type in WITHOUT_TIME)
    assert ESTATE[native_type][1].items() <= resource.facts.items()
