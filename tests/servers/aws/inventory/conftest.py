"""Moto over the wire, and what reads it: real clients, a scope of one account, an inventory with a clock."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from servers.aws.inventory.port import LiveInventory
from servers.aws.inventory.scan import Scope
from servers.aws.inventory.table import resource_types
from tests.builders import NOW, settled

ACCOUNT = "123456789012"
REGION = "eu-west-1"


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def clients_of(url: str) -> Callable[[str, str, str | None], Any]:
    """Real clients against an endpoint; each one is made once."""
    session = boto3.Session(aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="secret", region_name=REGION)  # noqa: S106
    config = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=5, read_timeout=20)
    made: dict[tuple[str, str], Any] = {}

    def client(service: str, region: str, _account: str | None) -> Any:
        if (service, region) not in made:
            made[service, region] = session.client(service, region_name=region, endpoint_url=url, config=config)
        return made[service, region]

    return client


@pytest.fixture
def inventory(moto_url: str, tmp_path: Path) -> Callable[..., LiveInventory]:
    """An inventory of one account over some kinds, all without a choice."""

    def build(*native_types: str, **options: Any) -> LiveInventory:
        rows = [row for row in resource_types() if not native_types or row.native_type in native_types]
        scope = options.pop("scope", Scope(accounts=(ACCOUNT,), regions=(REGION,)))
        clients = options.pop("clients", None) or clients_of(moto_url)
        clock = options.pop("clock", lambda: NOW)
        return LiveInventory(clients, settled(scope), tmp_path / "inventory", clock, rows=rows, workers=4, **options)

    return build
