"""A port that answers in pages becomes one file without losing a digit, a tag or a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from servers.kit.datasets.files import SERVER, Origin
from servers.kit.datasets.items import part_of_port
from servers.kit.exported.tables import Table
from servers.kit.ports import Slice
from shared_models.dataset import DatasetName, columns_of
from shared_models.errors import SourceNotEnabledError, UnreadableExportError
from shared_models.inventory import Resource, ResourceType
from tests.builders import NOW

INVENTORY = Origin(DatasetName.INVENTORY, "aws", SERVER, NOW)
HALF_PAST = datetime(2026, 10, 1, 2, 30, 0, 5, tzinfo=timezone(timedelta(hours=2)))


@dataclass
class LivePort:
    """A cloud's listing that gives at most 400 items a page, whatever is asked."""

    items: tuple[Resource, ...]
    pages: int = 0

    async def page(self, conditions: Mapping[str, object], *, offset: int, limit: int) -> Slice[Resource]:
        self.pages += 1
        return Slice(self.items[offset : offset + min(limit, 400)], len(self.items))


def resource(number: int) -> Resource:
    return Resource(
        resource_id=f"i-{number:05d}",
        resource_name="größe\n'数据'",
        resource_type=ResourceType.VIRTUAL_MACHINE,
        native_type="AWS::EC2::Instance",
        provider="aws",
        sub_account_id="a1",
        created_at=HALF_PAST,
        tags={"team": 'a, "b"', "Env": ""},
        monthly_cost=Decimal("123456789012345678.123456789012"),
        currency="USD",
    )


def left_in(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


async def test_every_page_of_a_live_port_is_in_the_file_to_the_digit(tmp_path: Path) -> None:
    port = LivePort(tuple(resource(number) for number in range(2_500)))

    part = await part_of_port(port, INVENTORY, tmp_path)
    again = await part_of_port(port, INVENTORY, tmp_path)

    with duckdb.connect() as connection:
        described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{part.path}')").fetchall()
        rows = connection.execute(
            f"SELECT resource_id, resource_name, created_at, tags, monthly_cost, state FROM read_parquet('{part.path}')"
        ).fetchall()
    assert {row[0]: row[1] for row in described} == columns_of(DatasetName.INVENTORY)
    assert [row[0] for row in rows] == [f"i-{number:05d}" for number in range(2_500)]
    assert rows[7][1:] == (
        "größe\n'数据'",
        HALF_PAST.astimezone(UTC).replace(tzinfo=None),
        {"team": 'a, "b"', "Env": ""},
        Decimal("123456789012345678.123456789012"),
        None,
    )
    assert (part.rows, part.data_as_of) == (2_500, NOW)
    assert again.sha256 == part.sha256
    assert port.pages == 14
    assert left_in(tmp_path) == [f"{part.sha256}.parquet"]


async def test_an_empty_port_is_an_empty_file_with_all_columns(tmp_path: Path) -> None:
    part = await part_of_port(LivePort(()), INVENTORY, tmp_path)

    with duckdb.connect() as connection:
        described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{part.path}')").fetchall()
    assert part.rows == 0
    assert {row[0]: row[1] for row in described} == columns_of(DatasetName.INVENTORY)


def table(tmp_path: Path, select: str) -> Table:
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({select}) TO '{tmp_path / 'inventory.parquet'}' (FORMAT parquet)")
    return Table(tmp_path / "inventory.parquet", Resource, ("resource_id",))


NEEDED = (
    "'i' || range AS resource_id, 'virtual_machine' AS resource_type, 'vm' AS native_type, 'aws' AS provider,"
    " 'a1' AS sub_account_id"
)


async def test_a_file_with_only_what_is_needed_is_typed_and_its_other_columns_are_null(tmp_path: Path) -> None:
    port = table(tmp_path, f"SELECT {NEEDED}, TIMESTAMPTZ '2026-10-01 00:00:00+02' AS created_at FROM range(3)")

    part = await part_of_port(port, INVENTORY, tmp_path / "out")

    with duckdb.connect() as connection:
        rows = connection.execute(f"SELECT created_at, monthly_cost FROM read_parquet('{part.path}')").fetchall()
    assert rows == [(datetime(2026, 9, 30, 22, tzinfo=UTC).replace(tzinfo=None), None)] * 3


@pytest.mark.parametrize(
    ("select", "message"),
    [
        (f"SELECT {NEEDED} FROM range(3)".replace("'a1' AS sub_account_id", "1 AS x"), "The column sub_account_id is missing."),
        (f"SELECT * REPLACE (nullif(resource_id, 'i1') AS resource_id) FROM (SELECT {NEEDED} FROM range(3))", "resource_id has no value."),
        (f"SELECT {NEEDED}, 'cheap' AS monthly_cost FROM range(3)", "The dataset cannot be read"),
    ],
)  # fmt: skip
async def test_a_file_that_does_not_fit_is_refused_with_its_place(tmp_path: Path, select: str, message: str) -> None:
    port = table(tmp_path, select)

    with pytest.raises(UnreadableExportError) as caught:
        await part_of_port(port, INVENTORY, tmp_path / "out")

    assert caught.value.message.startswith(message)
    assert str(tmp_path / "inventory.parquet") in caught.value.message


async def test_a_file_that_is_not_there_is_not_offered(tmp_path: Path) -> None:
    with pytest.raises(SourceNotEnabledError):
        await part_of_port(Table(tmp_path / "inventory.parquet", Resource, ()), INVENTORY, tmp_path)
