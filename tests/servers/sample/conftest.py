"""Two organisations that the tests read: a tiny one of three months, and a year of a small one."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from servers.sample.generate import generate


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny") / "quillhaven"
    generate(folder, rows=5_000, months=3)
    return folder


@pytest.fixture(scope="session")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("year") / "quillhaven"
    generate(folder, rows=60_000)
    return folder


@pytest.fixture
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
