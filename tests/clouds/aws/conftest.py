"""The fixtures of the local AWS endpoint; another folder's conftest takes them with `from tests.clouds.aws.conftest
import aws, aws_sample  # noqa: F401`."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from servers.sample.generate import generate
from tests.clouds.aws.endpoint import Endpoint


@pytest.fixture(scope="session")
def aws_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample organisation of three months and 3,000 rows over all clouds."""
    folder = tmp_path_factory.mktemp("aws-sample") / "quillhaven"
    generate(folder, rows=3_000, months=3)
    return folder


@pytest.fixture
def aws(aws_sample: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """A fresh endpoint over the sample; a broken contract fails the test when it ends."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    endpoint = Endpoint.over(aws_sample)
    endpoint.start()
    yield endpoint
    endpoint.stop()
    endpoint.ledger.close()
    endpoint.check()


@pytest.fixture
def aws_here(aws: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    """The endpoint, with the environment that points every AWS SDK at it."""
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    return aws
