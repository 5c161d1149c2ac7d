"""The sample organisation's bills in a ledger, for tools of others to judge."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.ledger.ledger import Ledger
from servers.sample.generate import generate
from skyledger.clouds import CLOUDS, native_formats
from tests.focus_bills import books


@pytest.fixture(scope="package")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three thousand line items over four months."""
    folder = tmp_path_factory.mktemp("outside") / "sample"
    generate(folder, rows=3_000, months=4)
    return folder


@pytest.fixture(scope="package")
def ledger(organisation: Path) -> Iterator[Ledger]:
    """The bills of all clouds, imported."""
    with books(organisation.parent) as it:
        for cloud in CLOUDS:
            it.take(organisation / cloud / "costs", natives=native_formats())
        yield it.ledger
