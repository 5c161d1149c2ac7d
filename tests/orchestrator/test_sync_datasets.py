"""Datasets through a sync: in bulk from each cloud's server, by path or in chunks, refused where they were tampered with."""

import os
import shutil
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from mcp import Client, StdioServerParameters

from orchestrator.federation.upstream import Upstream
from orchestrator.ledger.datasets import Datasets
from orchestrator.ledger.ledger import Ledger
from orchestrator.server import build_orchestrator
from orchestrator.settings import load_settings
from servers.kit.settings import Settings as ServerSettings
from servers.sample.generate import generate
from shared_models.dataset import DatasetName
from skyledger.clouds import CLOUDS, build_cloud
from tests.conftest import REPOSITORY

AS_EXPORTED = ("inventory", "usage", "prices", "commitments", "recommendations", "organisation")
FOCUS = ("contract_commitment", "invoice_detail", "billing_period")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "sample"
    generate(folder, rows=3_000, months=2)
    return folder


def cloud(name: str, exports: Path, home: Path):
    return build_cloud(name, ServerSettings(home=home, exports=exports))


def orchestrator(home: Path, servers: Mapping[str, object]):
    settings = load_settings({"SKYLEDGER_HOME": str(home)})
    return build_orchestrator(settings, [Upstream(name, target) for name, target in servers.items()])


async def sync(client: Client, **arguments: object) -> dict:
    result = await client.call_tool("finops_sync", {"wait_seconds": 300, **arguments})
    assert not result.is_error, result.content[0].text
    return result.structured_content


class Kept:
    """What the ledger below a home holds, read from its files."""

    def __init__(self, home: Path) -> None:
        self.ledger = Ledger(home / "ledger")
        self.datasets = Datasets(self.ledger)
        at = self.ledger.snapshot().generation
        self.tables = {name.value: self.datasets.table_at(name, at) for name in DatasetName}

    def relation(self, name: str) -> str:
        return f"read_parquet({[str(file) for file in self.tables[name].files]})"


def rows(query: str) -> list[tuple]:
    with duckdb.connect() as connection:
        return connection.execute(query).fetchall()


def is_as_exported(kept: Kept, folder: Path, name: str) -> bool:
    """Row for row what the folder has, with the columns that both have."""
    with duckdb.connect() as connection:
        given = {row[0] for row in connection.execute(f"DESCRIBE FROM read_parquet('{folder}')").fetchall()}
        own = ", ".join(f'"{column}"' for column in kept.tables[name].columns if column in given)
        exported, booked = f"SELECT {own} FROM read_parquet('{folder}')", f"SELECT {own} FROM {kept.relation(name)}"
        return not connection.execute(
            f"({exported} EXCEPT ALL {booked}) UNION ALL ({booked} EXCEPT ALL {exported})"
        ).fetchall()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


async def test_a_sync_brings_every_dataset_as_the_clouds_exported_it_and_a_second_one_nothing(
    sample: Path, home: Path
) -> None:
    app = orchestrator(home, {name: cloud(name, sample / name, home) for name in CLOUDS})
    async with Client(app) as client:
        first = await sync(client)
        second = await sync(client)

    kept = Kept(home)
    assert first["coverage"]["complete"]
    assert {name for one in first["clouds"] for name in one["datasets"]} == {name.value for name in DatasetName}
    assert second["generation"] == first["generation"]
    for name in (*AS_EXPORTED, *FOCUS):
        assert is_as_exported(kept, sample / "*" / f"{name}.parquet", name), name


def test_the_invoices_of_the_ledger_are_those_of_the_answer_key_to_the_cent(sample: Path, home: Path) -> None:
    found = rows(
        "SELECT BillingAccountId, CAST(BillingPeriodStart AS DATE)::VARCHAR, BillingCurrency, sum(BilledCost) FROM"
        f" {Kept(home).relation('invoice_detail')} GROUP BY ALL"
    )
    key = rows(
        "SELECT billing_account_id, billing_month, currency, invoiced FROM"
        f" read_csv('{sample}/answer-key/invoices.csv', all_varchar=true)"
    )
    assert len(key) == 4
    assert {row[:3]: row[3] for row in found} == {row[:3]: Decimal(row[3]) for row in key}


def test_the_conformance_of_a_bill_is_in_the_ledger_rule_by_rule(home: Path) -> None:
    kept = Kept(home)
    loads = {load.sha256: load.rows for load in kept.ledger.snapshot().loads}
    checked = rows(
        f"SELECT bill_sha256, any_value(rows_checked), count(*), count(DISTINCT rule_id) FROM {kept.relation('conformance')}"
        " GROUP BY 1"
    )
    assert {sha256: count for sha256, count, _, _ in checked} == loads
    assert all(rules == distinct > 200 for _, _, rules, distinct in checked)


async def test_without_a_common_file_system_the_same_datasets_come_in_chunks(
    sample: Path, home: Path, tmp_path: Path
) -> None:
    """The server's paths are relative to its own folder, so that they mean nothing here."""
    (tmp_path / "server").mkdir()
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "skyledger", "azure"],
        cwd=tmp_path / "server",
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(REPOSITORY),
            "SKYLEDGER_HOME": "state",
            "SKYLEDGER_AZURE_EXPORTS": str(sample / "azure"),
        },
    )
    async with Client(orchestrator(tmp_path, {"azure": server})) as client:
        answer = await sync(client)

    by_path, in_chunks = Kept(home), Kept(tmp_path)
    assert answer["coverage"]["complete"], answer["coverage"]
    assert not (tmp_path / "ledger" / "staging" / "state").exists()
    for name in DatasetName:
        said = {(s.source_key, s.sha256) for s in by_path.datasets.current(name) if s.provider == "azure"}
        assert {(s.source_key, s.sha256) for s in in_chunks.datasets.current(name)} == said, name


def tamper(home: Path, spared: set[str]) -> None:
    """Change one byte of one dataset's part in the server's folder."""
    victim = next(file for file in sorted(home.rglob("*.parquet")) if file.stem not in spared)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)


async def test_a_part_that_was_tampered_with_is_refused_and_nothing_of_that_cloud_is_booked(
    sample: Path, tmp_path: Path
) -> None:
    server = cloud("azure", sample / "azure", tmp_path)
    async with Client(server) as client:
        exported = await client.call_tool("azure_export_costs", {"datasets": ["conformance"]})
        assert not exported.is_error, exported.content[0].text
    tamper(tmp_path, spared={link["sha256"] for link in exported.structured_content["data"]})

    async with Client(orchestrator(tmp_path, {"azure": server})) as client:
        answer = await sync(client)

    [gap] = answer["coverage"]["gaps"]
    assert (gap["source"], gap["code"]) == ("azure", "transfer_corrupt")
    assert answer["clouds"] == []
    assert answer["generation"] == 0
    assert Kept(tmp_path).datasets.current() == ()


@pytest.fixture
def partial(sample: Path, tmp_path: Path) -> Path:
    """A folder with one bill, an inventory that lacks a column, and prices; nothing else."""
    folder = tmp_path / "partial"
    shutil.copytree(sample / "azure" / "costs", folder / "costs")
    shutil.copy(sample / "azure" / "prices.parquet", folder)
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * EXCLUDE (native_type) FROM read_parquet('{sample}/azure/inventory.parquet'))"
            f" TO '{folder}/inventory.parquet' (FORMAT parquet)"
        )
    return folder


async def test_a_dataset_that_cannot_be_read_is_a_gap_and_the_others_come(partial: Path, tmp_path: Path) -> None:
    app = orchestrator(tmp_path, {"azure": cloud("azure", partial, tmp_path)})
    async with Client(app) as client:
        answer = await sync(client)
        named = await sync(client, datasets=["usage", "prices"])

    [gap] = answer["coverage"]["gaps"]
    assert gap["message"].startswith("inventory: The column native_type is missing.")
    assert set(answer["clouds"][0]["datasets"]) == {"prices", "conformance"}
    assert answer["clouds"][0]["parts_added"] == 2
    [missing] = named["coverage"]["gaps"]  # a dataset that is asked for by name is missed, the other nine are not
    assert (missing["state"], missing["message"]) == ("not_offered", "usage is not in the configured source")


async def test_a_cloud_without_bills_still_hands_over_what_it_has(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "only").mkdir()
    shutil.copy(sample / "aws" / "inventory.parquet", tmp_path / "only")
    app = orchestrator(tmp_path, {"aws": cloud("aws", tmp_path / "only", tmp_path)})
    async with Client(app) as client:
        answer = await sync(client)

    assert answer["clouds"][0]["datasets"]["inventory"] > 20
    assert [gap["code"] for gap in answer["coverage"]["gaps"]] == ["source_not_enabled"]
