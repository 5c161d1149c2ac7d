"""The worker holds without the guard in front of it: the worst statements go straight to the process."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.ledger.ledger import Ledger
from orchestrator.sql.frames import BrokenFrameError
from orchestrator.sql.limits import Limits
from orchestrator.sql.process import WorkerProcess
from orchestrator.sql.tables import TABLES
from tests.orchestrator.sql.conftest import CANARY
from tests.orchestrator.sql.hostile import HOSTILE

TOTAL = "SELECT sum(BilledCost) FROM cost_and_usage WHERE BillingCurrency = 'USD'"
ESCAPES = {
    "by copying the environment": "SELECT * FROM read_blob('/proc/self/environ')",
    "by the parent's environment": "SELECT * FROM read_text('/proc/' || {parent} || '/environ')",
    "by a file beside the ledger": "SELECT * FROM read_text('{beside}')",
    "by a path with dots": "SELECT * FROM read_text('{fact}/../../../catalog.sqlite')",
    "by a pattern over the facts": "SELECT * FROM read_parquet('{folder}/*.parquet')",
    "by overwriting a fact": "COPY (SELECT 1) TO '{fact}'",
    "by a statement inside of a query": "SELECT * FROM query('SELECT * FROM read_text(''{canary}'')')",
    "by a macro": "CREATE MACRO m() AS TABLE SELECT * FROM read_text('{canary}')",
    "by a prepared name": "SELECT * FROM query_table('{canary}')",
    "by a string of a setting": "SELECT current_setting('allowed_paths')[99]",
}


@pytest.fixture
def job(home: Path) -> dict[str, object]:
    ledger = Ledger(home / "ledger")
    snapshot = ledger.snapshot()
    tables = {
        name: {
            "columns": dict(table.columns),
            "files": [str(source.path) for source in table.sources(ledger, snapshot)],
        }
        for name, table in TABLES.items()
    }
    ledger.close()
    return {"tables": tables, "rows": 20, "answer_bytes": 1 << 20, "seconds": 20}


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerProcess]:
    monkeypatch.setenv("SKYLEDGER_CANARY", CANARY)
    worker = WorkerProcess(Limits(engine_bytes=128 << 20, process_bytes=1 << 30))
    yield worker
    worker.end()


@pytest.mark.parametrize("way", [*HOSTILE, "escapes"])
def test_no_statement_reads_or_writes_beside_the_bill(
    way: str, worker: WorkerProcess, job: dict, canary: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    file = Path(job["tables"]["cost_and_usage"]["files"][0])
    before = file.read_bytes()
    names = {"canary": canary, "out": out, "parent": 1, "beside": canary, "fact": file, "folder": file.parent}
    statements = [text.format(**names) for text in (ESCAPES.values() if way == "escapes" else HOSTILE[way])]

    told: list[str] = []
    for sql in statements:
        if "RECURSIVE" in sql or "2000000000" in sql:
            continue  # they end by time and memory, which test_limits.py shows
        told.append(json.dumps(worker.ask({**job, "sql": sql})))
        assert json.loads(json.dumps(worker.ask({**job, "sql": TOTAL})))["rows"] == [["13.749999999999"]], sql

    assert not any(CANARY in answer for answer in told)
    assert not out.exists()
    assert file.read_bytes() == before
    assert canary.read_text(encoding="utf-8") == f"secret\n{CANARY}\n"


def test_only_the_files_of_the_snapshot_can_be_opened(worker: WorkerProcess, job: dict, canary: Path) -> None:
    [file, *_] = job["tables"]["cost_and_usage"]["files"]
    copy = canary.with_name(Path(file).name)
    copy.write_bytes(Path(file).read_bytes())

    own = worker.ask({**job, "sql": f"SELECT count(*) FROM read_parquet('{file}')"})
    other = worker.ask({**job, "sql": f"SELECT count(*) FROM read_parquet('{copy}')"})

    assert "rows" in own
    assert "rows" not in other


def test_the_worker_has_an_empty_environment(worker: WorkerProcess) -> None:
    environment = Path(f"/proc/{worker.pid}/environ")
    if not environment.exists():
        pytest.skip("this system does not show the environment of a process")
    worker.ask({"tables": {}, "sql": "SELECT 1", "rows": 1, "answer_bytes": 10, "seconds": 1})

    assert CANARY.encode() not in environment.read_bytes()
    assert b"HOME=" not in environment.read_bytes()
    assert b"PATH=" not in environment.read_bytes()


def test_the_system_bounds_what_the_engine_does_not(worker: WorkerProcess, job: dict) -> None:
    try:
        reply = worker.ask({**job, "sql": "SELECT length(repeat('x', 2000000000))"})
    except BrokenFrameError:
        reply = {"error": "memory"}

    assert reply["error"] == "memory"
    assert worker.memory() < 1 << 30
