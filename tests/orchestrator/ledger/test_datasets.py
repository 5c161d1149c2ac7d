"""Datasets in the ledger: verified before they count, one snapshot a source, nothing counted twice."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestrator.ledger.datasets import Datasets
from orchestrator.ledger.ledger import Ledger
from servers.kit.datasets.focus_files import convert_datasets
from servers.kit.exports.convert import ConvertOptions
from shared_models.dataset import DatasetName, columns_of
from shared_models.errors import TransferCorruptError
from shared_models.export import DatasetPart
from tests.builders import NOW
from tests.focus_datasets import COMMITMENT, INVOICE, Row, write


@pytest.fixture
def ledger(tmp_path: Path):
    opened = Ledger(tmp_path / "ledger")
    yield opened
    opened.close()


def invoice(number: int, amount: str, **columns: str) -> Row:
    return {**INVOICE, "InvoiceId": f"I-{number}", "ReferenceInvoiceId": f"I-{number}", "BilledCost": amount, **columns}


def delivered(tmp_path: Path, source: str, rows: Sequence[Row], *, days: int = 0) -> DatasetPart:
    """What a source delivers, `days` after the others."""
    file = write(tmp_path / f"{source}.jsonl", rows)
    options = ConvertOptions(source_key=source)
    [converted] = convert_datasets(file, tmp_path / "out", provider=None, options=options)
    return converted.parts[0].model_copy(update={"data_as_of": NOW + timedelta(days=days)})


def book(ledger: Ledger, *parts: DatasetPart) -> int:
    datasets = Datasets(ledger)
    datasets.receive(parts)
    return datasets.book(parts, now=NOW, reason="test")


def billed(ledger: Ledger, generation: int | None = None) -> tuple[int, Decimal]:
    """Lines and sum of the invoices that count, read as an agent's SQL would."""
    at = ledger.snapshot().generation if generation is None else generation
    files = [str(file) for file in Datasets(ledger).table_at(DatasetName.INVOICE_DETAIL, at).files]
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT count(*), sum(BilledCost) FROM read_parquet({files})").fetchone()


def test_the_same_source_again_replaces_its_snapshot_and_history_stays(ledger: Ledger, tmp_path: Path) -> None:
    book(ledger, delivered(tmp_path, "erp", [invoice(1, "10"), invoice(2, "20")]))
    before = ledger.snapshot().generation
    book(ledger, delivered(tmp_path, "erp", [invoice(2, "25"), invoice(3, "30")]))

    assert billed(ledger) == (2, 55)
    assert billed(ledger, before) == (2, 30)


def test_the_same_content_again_books_nothing_but_is_fresh(ledger: Ledger, tmp_path: Path) -> None:
    book(ledger, delivered(tmp_path, "erp", [invoice(1, "10")]))
    generation = ledger.snapshot().generation

    assert book(ledger, delivered(tmp_path, "erp", [invoice(1, "10")], days=3)) == 0
    [snapshot] = Datasets(ledger).current(DatasetName.INVOICE_DETAIL)
    assert ledger.snapshot().generation == generation
    assert snapshot.data_as_of == NOW + timedelta(days=3)


def test_a_lost_catalogue_makes_data_older_until_its_source_speaks_again_and_never_younger(
    ledger: Ledger, tmp_path: Path
) -> None:
    def age(found: Ledger) -> timedelta:
        [snapshot] = Datasets(found).current(DatasetName.INVOICE_DETAIL)
        return (snapshot.data_as_of or NOW) - NOW

    book(ledger, delivered(tmp_path, "erp", [invoice(1, "10")], days=1))
    again = delivered(tmp_path, "erp", [invoice(1, "10")], days=3)
    book(ledger, again)
    assert age(ledger) == timedelta(days=3)

    ledger.close()
    ledger.home.catalog.unlink()
    restored = Ledger(ledger.home.root)

    assert (billed(restored), age(restored)) == ((1, 10), timedelta(days=1))
    assert (book(restored, again), age(restored)) == (0, timedelta(days=3))


def test_an_invoice_that_two_sources_state_counts_once_whole_from_the_newest(ledger: Ledger, tmp_path: Path) -> None:
    older = [invoice(1, "10"), invoice(2, "20"), invoice(2, "2", InvoiceDetailId="L-2")]
    book(ledger, delivered(tmp_path, "portal", older))
    book(ledger, delivered(tmp_path, "erp", [invoice(2, "21"), invoice(3, "30")], days=1))

    assert billed(ledger) == (3, 10 + 21 + 30)  # the portal's second line of invoice 2 does not come back


def test_the_order_in_which_sources_arrive_does_not_matter(ledger: Ledger, tmp_path: Path) -> None:
    book(ledger, delivered(tmp_path, "erp", [invoice(2, "21"), invoice(3, "30")], days=1))
    book(ledger, delivered(tmp_path, "portal", [invoice(1, "10"), invoice(2, "20")]))

    assert billed(ledger) == (3, 61)


def test_sources_that_stop_overlapping_count_each_for_itself_again(ledger: Ledger, tmp_path: Path) -> None:
    book(ledger, delivered(tmp_path, "portal", [invoice(1, "10"), invoice(2, "20")]))
    book(ledger, delivered(tmp_path, "erp", [invoice(2, "21")], days=1))
    assert billed(ledger) == (2, 31)
    book(ledger, delivered(tmp_path, "erp", [invoice(3, "30")], days=2))

    assert billed(ledger) == (3, 60)
    assert {s.source_key for s in Datasets(ledger).current(DatasetName.INVOICE_DETAIL)} == {"portal", "erp"}


def test_a_commitment_from_two_sources_is_one_commitment(ledger: Ledger, tmp_path: Path) -> None:
    other = {**COMMITMENT, "ContractCommitmentId": "sp-2"}
    book(ledger, delivered(tmp_path, "one", [COMMITMENT]), delivered(tmp_path, "two", [COMMITMENT, other]))

    [snapshot] = Datasets(ledger).current(DatasetName.CONTRACT_COMMITMENT)
    found = [item["ContractCommitmentId"] for item in Datasets(ledger).items(snapshot)]
    assert sorted(found) == ["sp-1", "sp-2"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sha256": "0" * 64}, "arrived with other bytes than announced"),
        ({"rows": 9}, "does not hold what was announced"),
        ({"name": DatasetName.BILLING_PERIOD}, "does not hold what was announced"),
    ],
)
def test_a_part_that_is_not_what_was_announced_is_refused_and_nothing_is_filed(
    ledger: Ledger, tmp_path: Path, change: dict, said: str
) -> None:
    part = delivered(tmp_path, "erp", [invoice(1, "10")]).model_copy(update=change)

    with pytest.raises(TransferCorruptError, match=said):
        book(ledger, part)

    assert not list(ledger.home.snapshots.iterdir())
    assert Datasets(ledger).current() == ()
    assert ledger.snapshot().generation == 0


def test_every_dataset_is_a_table_with_its_columns_even_before_it_came(ledger: Ledger, tmp_path: Path) -> None:
    book(ledger, delivered(tmp_path, "erp", [invoice(1, "10")]))

    at = ledger.snapshot().generation
    tables = {name.value: Datasets(ledger).table_at(name, at) for name in DatasetName}

    assert all(tables[name.value].columns == columns_of(name) for name in DatasetName)
    assert {name for name, table in tables.items() if table.files} == {"invoice_detail"}
    assert all(file.is_file() for file in tables["invoice_detail"].files)
