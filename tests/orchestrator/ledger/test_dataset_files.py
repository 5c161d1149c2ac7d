"""Files of datasets that are damaged, lost or swept: said, brought again or merged again, never silently missing."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from orchestrator.ledger.datasets import Datasets
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.upkeep import sweep
from servers.kit.datasets.focus_files import convert_datasets
from servers.kit.exports.convert import ConvertOptions
from shared_models.dataset import DatasetName
from shared_models.errors import SnapshotExpiredError
from shared_models.export import DatasetPart
from skyledger.cli import run
from tests.builders import NOW, dataset_part
from tests.focus_datasets import COMMITMENT, write


def garble(file: Path) -> None:
    file.unlink()  # the source shares its bytes
    file.write_bytes(b"x" * 99)


DAMAGES: dict[str, Callable[[Path], None]] = {"gone": Path.unlink, "garbled": garble}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "skyledger-home" / "ledger")
    yield opened
    opened.close()


@pytest.fixture
def inventory(tmp_path: Path) -> DatasetPart:
    return dataset_part(tmp_path / "in", DatasetName.INVENTORY)


def commitments(folder: Path, source: str, *names: str) -> DatasetPart:
    file = write(folder / f"{source}.jsonl", [{**COMMITMENT, "ContractCommitmentId": name} for name in names])
    [found] = convert_datasets(file, folder / "out", provider=None, options=ConvertOptions(source_key=source))
    return found.parts[0]


def names_of(ledger: Ledger) -> list[str]:
    datasets = Datasets(ledger)
    items = datasets.items(*datasets.current(DatasetName.CONTRACT_COMMITMENT))
    return sorted(item["ContractCommitmentId"] for item in items)


@pytest.mark.parametrize("how", DAMAGES)
def test_a_lost_dataset_is_said_and_comes_again(
    ledger: Ledger, inventory: DatasetPart, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    datasets = Datasets(ledger)
    datasets.book([inventory], now=NOW, reason="test")
    DAMAGES[how](ledger.home.root / datasets.current()[0].file)

    assert run(["rebuild"]) == 1
    assert run(["doctor"]) == 1
    assert capsys.readouterr().out.count("CHECK the dataset inventory of aws from server is gone or damaged") == 2
    assert datasets.known_sha256() == []
    datasets.book([inventory], now=NOW + timedelta(days=1), reason="test")

    assert datasets.items(*datasets.current()) == []
    assert (run(["rebuild"]), run(["doctor"])) == (0, 0)


@pytest.mark.parametrize("how", DAMAGES)
def test_a_rebuild_merges_again_what_was_merged(ledger: Ledger, tmp_path: Path, how: str) -> None:
    parts = [commitments(tmp_path, "one", "sp-1", "sp-2"), commitments(tmp_path, "two", "sp-2", "sp-3")]
    Datasets(ledger).book(parts, now=NOW, reason="test")
    [merged] = Datasets(ledger).current()
    DAMAGES[how](ledger.home.root / merged.file)

    assert run(["rebuild"]) == 0
    assert names_of(ledger) == ["sp-1", "sp-2", "sp-3"]


def test_a_sweep_between_arrival_and_commit_loses_nothing(ledger: Ledger, inventory: DatasetPart) -> None:
    datasets = Datasets(ledger)
    datasets.receive([inventory])
    assert sweep(ledger.catalog, retention=timedelta(0), now=NOW) == 1

    datasets.book([inventory], now=NOW, reason="test")
    assert sweep(ledger.catalog, retention=timedelta(0), now=NOW + timedelta(days=9)) == 0
    assert datasets.items(*datasets.current()) == []


def test_a_catalogue_made_again_says_what_was_swept(ledger: Ledger, tmp_path: Path) -> None:
    for day, names in enumerate((["sp-1"], ["sp-2"])):
        now = NOW + timedelta(days=day)
        Datasets(ledger).book([commitments(tmp_path, "one", *names)], now=now, reason="test")
    assert sweep(ledger.catalog, retention=timedelta(0), now=NOW + timedelta(days=9)) == 1
    ledger.close()
    ledger.home.catalog.unlink()

    opened = Ledger(ledger.home.root)
    with pytest.raises(SnapshotExpiredError):
        Datasets(opened).table_at(DatasetName.CONTRACT_COMMITMENT, 1)
    assert len(Datasets(opened).table_at(DatasetName.CONTRACT_COMMITMENT, 2).files) == 1
    assert names_of(opened) == ["sp-2"]
    opened.close()


def test_what_a_sweep_forgot_is_said_and_not_answered_as_nothing(ledger: Ledger, tmp_path: Path) -> None:
    datasets = Datasets(ledger)
    datasets.book([commitments(tmp_path, "erp", "c1")], now=NOW, reason="test")
    first = ledger.snapshot().generation
    datasets.book([commitments(tmp_path, "erp", "c1", "c2")], now=NOW + timedelta(days=1), reason="test")

    assert len(datasets.table_at(DatasetName.CONTRACT_COMMITMENT, first).files) == 1
    sweep(ledger.catalog, retention=timedelta(0), now=NOW + timedelta(days=800))

    with pytest.raises(SnapshotExpiredError):
        datasets.table_at(DatasetName.CONTRACT_COMMITMENT, first)
    assert names_of(ledger) == ["c1", "c2"]
