"""The fixtures of the local Google Cloud: `gcp`, and `two_accounts` where one folder is billed apart.

Another folder's conftest.py takes them so:

    from tests.clouds.gcp.conftest import gcp, gcp_ledger, gcp_sample, two_accounts  # noqa: F401
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.sample.generate import generate
from tests.clouds.gcp.endpoint import Endpoint
from tests.clouds.gcp.ledger import Ledger


@pytest.fixture(scope="session")
def gcp_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample organisation of three months and 6,000 rows over all clouds."""
    folder = tmp_path_factory.mktemp("gcp-sample") / "quillhaven"
    generate(folder, rows=6_000, months=3)
    return folder


@pytest.fixture(scope="session")
def gcp_ledger(gcp_sample: Path) -> Iterator[Ledger]:
    """What the sample's files say, read once."""
    ledger = Ledger(gcp_sample)
    yield ledger
    ledger.close()


@pytest.fixture
def gcp(gcp_ledger: Ledger) -> Iterator[Endpoint]:
    """A fresh endpoint over the sample; a broken contract fails the test when it ends."""
    yield from _endpoint(gcp_ledger)


@pytest.fixture
def two_accounts(gcp_sample: Path) -> Iterator[Endpoint]:
    """The same with the folder Payments billed to a second account, in datasets of its own."""
    ledger = Ledger(gcp_sample, second="Payments")
    yield from _endpoint(ledger)
    ledger.close()


def _endpoint(ledger: Ledger) -> Iterator[Endpoint]:
    endpoint = Endpoint.over(ledger)
    endpoint.start()
    yield endpoint
    endpoint.stop()
    endpoint.check()
