"""Many real processes on one home: all answer, each answer comes from one snapshot, the end is right."""

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from orchestrator.ledger.datasets import Datasets
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.upkeep import sweep
from servers.kit.exported.bills import Bills
from shared_models.dataset import DatasetName
from shared_models.export import ExportPart
from shared_models.period import utc_now
from tests.builders import NOW, cost_row, dataset_part, export_part
from tests.conftest import REPOSITORY
from tests.orchestrator.ledger.killing import BILLS, NEW, OLD, write_bill

WAIT_SECONDS = 90


def started(*arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.orchestrator.ledger.worker", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finished(processes: Sequence[subprocess.Popen[str]]) -> list[dict]:
    """Tell workers to stop, all at once; what they say at the end."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    said = []
    for process in processes:
        out, err = process.communicate(timeout=WAIT_SECONDS)
        assert process.returncode == 0, err
        said.append(json.loads(out.splitlines()[-1]))
    return said


def states_of(folder: Path) -> list[Path]:
    """The old and the new bill as files that a worker reads."""
    states = []
    for which, costs in BILLS.items():
        rows = [
            cost_row(Cost=cost, ChargePeriodStart=f"2026-{month}-05")
            for month, cost in zip(("09", "10"), costs, strict=True)
        ]
        parts = [export_part(folder / "parts", [row]).model_dump(mode="json") for row in rows]
        states.append(folder / f"{which}.json")
        states[-1].write_text(json.dumps(parts))
    return states


def test_four_readers_two_syncs_and_a_refresh_share_one_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    states = states_of(tmp_path)
    ledger = Ledger(home)
    ledger.adopt(
        [ExportPart.model_validate(part) for part in json.loads(states[0].read_text())], [], now=NOW, reason=""
    )
    ledger.close()
    writers = [started("restate", home, *states), started("restate", home, *reversed(states))]
    others = [*(started("ask", home) for _ in range(4)), started("refresh", home, tmp_path / "said")]
    for process in (*writers, *others):
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()
    said = finished([*others, *writers])
    booked = [answer["booked"] for answer in said[5:]]

    assert {Decimal(total) for answer in said[:4] for total in answer["totals"]} <= {OLD, NEW}
    assert min(answer["answers"] for answer in said[:4]) >= 1
    assert said[4]["stored"] >= 1
    assert min(booked) >= 2
    ledger = Ledger(home)
    snapshot = ledger.snapshot()
    assert [load.billing_period_start.month for load in snapshot.booked] == [9, 10]
    assert len(Datasets(ledger).items(*Datasets(ledger).current())) == 1
    with ledger.catalog.reading() as connection:
        sums = connection.execute(
            "SELECT effective_cost FROM load_total JOIN load ON load.id = load_id WHERE to_generation IS NULL"
        ).fetchall()
    ledger.close()
    assert sum(Decimal(row[0]) for row in sums) in {OLD, NEW}


def test_neither_a_refresh_nor_a_sweep_waits_for_a_long_import(tmp_path: Path) -> None:
    home = tmp_path / "home"
    ledger, other = Ledger(home), Ledger(home)
    removed = []
    inventory = dataset_part(tmp_path / "said", DatasetName.INVENTORY)

    def meanwhile(_done: float, _what: str) -> None:
        Datasets(other).book([inventory], now=utc_now(), reason="refresh")
        removed.append(sweep(other.catalog, retention=timedelta(0), now=utc_now() + timedelta(days=30)))

    parts = [
        export_part(tmp_path / "in", [cost_row(Cost="1", ChargePeriodStart=f"2026-{month:02}-05")])
        for month in (8, 9, 10)
    ]
    ledger.adopt(parts, [], now=NOW, reason="long", progress=meanwhile)

    assert removed == [0, 0, 0]
    assert len(ledger.snapshot().booked) == 3
    assert all(ledger.fact_path(load).is_file() for load in ledger.snapshot().booked)
    ledger.close()
    other.close()


CONVERT = """
import json, sys
from pathlib import Path
from servers.kit.exported.bills import Bills
print("ready", flush=True)
sys.stdin.readline()
found = Bills(Path(sys.argv[1]), Path(sys.argv[2]), "aws", ()).converted()
print(json.dumps([str(total.billed_cost) for export in found for part in export.parts for total in part.totals]))
"""


def test_processes_that_convert_one_folder_at_once_find_the_same_parts(tmp_path: Path) -> None:
    write_bill(tmp_path / "exports" / "costs" / "bill.csv", "old")
    folders = [str(tmp_path / "exports"), str(tmp_path / "cache")]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CONVERT, *folders],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()
    said = finished(processes)

    assert all(sum(map(Decimal, costs)) == OLD for costs in said)
    names = {file.suffix for file in (tmp_path / "cache").iterdir()}
    assert names == {".parquet", ".json", ".lock"}
    assert len(list((tmp_path / "cache").glob("*.parquet"))) == 2


def test_a_converted_part_that_was_cut_short_is_converted_again(tmp_path: Path) -> None:
    write_bill(tmp_path / "exports" / "costs" / "bill.csv", "old")
    bills = Bills(tmp_path / "exports", tmp_path / "cache", "aws", ())
    part = Path(bills.converted()[0].parts[0].path)
    whole = part.read_bytes()
    part.write_bytes(whole[:100])

    bills.converted()

    assert part.read_bytes() == whole
