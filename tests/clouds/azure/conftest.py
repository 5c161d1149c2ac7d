"""The fixtures of the local Azure endpoint: `azure`, and `azure_here` with the environment set.

Another folder's conftest.py takes them so:

    from tests.clouds.azure.conftest import azure, azure_certificate, azure_containers, azure_ledger, azure_sample  # noqa: F401
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.sample.generate import generate
from tests.clouds.azure.certificate import Certificate
from tests.clouds.azure.endpoint import Endpoint
from tests.clouds.azure.exports import write_containers
from tests.clouds.azure.ledger import Ledger


@pytest.fixture(scope="session")
def azure_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample organisation of three months and 9,000 rows over all clouds."""
    folder = tmp_path_factory.mktemp("azure-sample") / "quillhaven"
    generate(folder, rows=9_000, months=3)
    return folder


@pytest.fixture(scope="session")
def azure_ledger(azure_sample: Path) -> Iterator[Ledger]:
    """What the sample's files say, read once."""
    ledger = Ledger(azure_sample)
    yield ledger
    ledger.close()


@pytest.fixture(scope="session")
def azure_certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """The certificate authority of these tests."""
    return Certificate(tmp_path_factory.mktemp("azure-certificate"))


@pytest.fixture(scope="session")
def azure_containers(azure_ledger: Ledger, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The storage account's containers: FOCUS, actual and amortized exports. Shared: a test that writes copies first."""
    return write_containers(azure_ledger, tmp_path_factory.mktemp("azure-storage"))


@pytest.fixture
def azure(
    azure_ledger: Ledger, azure_certificate: Certificate, azure_containers: dict[str, Path]
) -> Iterator[Endpoint]:
    """A fresh endpoint over the sample; a broken contract fails the test when it ends."""
    endpoint = Endpoint.over(azure_ledger, azure_certificate, dict(azure_containers))
    endpoint.start()
    yield endpoint
    endpoint.stop()
    endpoint.check()


@pytest.fixture
def azure_here(azure: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    """The endpoint, with the environment from which azure-identity signs in there."""
    for name, value in azure.environment().items():
        monkeypatch.setenv(name, value)
    return azure
