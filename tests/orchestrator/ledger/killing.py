"""Kill a real process in the middle of an operation, then check that the ledger is wholly old or wholly new."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from orchestrator.business.config import BusinessConfig
from orchestrator.ledger.datasets import Datasets
from orchestrator.ledger.home import LedgerHome
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.upkeep import sweep
from orchestrator.query.engine import QueryEngine
from orchestrator.query.question import Question
from orchestrator.state.state import State
from shared_models.dataset import DatasetName
from shared_models.errors import DataNotReadyError
from shared_models.period import ChargePeriod, month_start
from skyledger.cli import run
from tests.conftest import REPOSITORY

LATER = datetime(2026, 12, 24, tzinfo=UTC)
PERIOD = ChargePeriod(start=month_start(2026, 9), end=month_start(2026, 11))
OLD, NEW = Decimal("17.25"), Decimal("19.50")
BILLS: Mapping[str, tuple[str, str]] = {"old": ("7.25", "10"), "new": ("8.50", "11")}
"""September's and October's cost: the sum tells the old bill, the new bill and any mix apart."""
_COLUMNS = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,"
    "ChargeCategory,ServiceName,ServiceCategory,SubAccountId,ProviderName,BilledCost,EffectiveCost,ListCost,"
    "ContractedCost"
)


class Zygote:
    """The forking process; see `zygote`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.orchestrator.ledger.zygote"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, home: Path, operation: str, *arguments: str, **order: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        said = {"home": str(home), "operation": operation, "arguments": arguments, **order}
        self._process.stdin.write(json.dumps(said) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.wait(timeout=30)


@dataclass
class Case:
    """One operation, the home it starts from, and the totals that it leads from and to."""

    operation: str
    template: Path
    before: Decimal
    after: Decimal
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    steps: int = 0


def write_bill(file: Path, which: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        f"100,USD,2026-{month}-01T00:00:00Z,2026-{month + 1}-01T00:00:00Z,2026-{month}-05T00:00:00Z,"
        f"2026-{month}-06T00:00:00Z,Usage,Amazon EC2,Compute,200,AWS,{cost},{cost},{cost},{cost}"
        for month, cost in zip((9, 10), BILLS[which], strict=True)
    ]
    text = "\n".join([_COLUMNS, *(line.replace("2026-9-", "2026-09-") for line in lines)]) + "\n"
    file.write_text(text, encoding="utf-8")
    return file


def total_of(home: Path) -> Decimal:
    ledger = Ledger(home / "ledger")
    try:
        totals = QueryEngine(ledger, BusinessConfig()).ask(Question(period=PERIOD)).totals
    except DataNotReadyError:
        return Decimal(0)
    finally:
        ledger.close()
    return sum((total.amount for total in totals), Decimal(0))


def cases(zygote: Zygote, folder: Path) -> dict[str, Case]:
    """Every operation that writes, each with the home that it starts from."""
    bills = {which: str(write_bill(folder / f"{which}.csv", which)) for which in BILLS}
    importing = {which: (bill, "--provider", "aws", "--source", "bill") for which, bill in bills.items()}
    done(zygote.run(folder / "booked", "import", *importing["old"]))
    restated = copied(folder / "booked", folder / "restated")
    done(zygote.run(restated, "import", *importing["new"]))
    without_cubes = copied(folder / "booked", folder / "without-cubes")
    for cube in (without_cubes / "ledger" / "cubes").iterdir():
        cube.unlink()
    lost = copied(folder / "booked", folder / "lost")
    (lost / "ledger" / "catalog.sqlite").write_bytes(b"garbled" * 3000)
    write_bill(folder / "exports" / "costs" / "bill.csv", "old")
    exports = {"SKYLEDGER_AWS_EXPORTS": str(folder / "exports")}
    done(zygote.run(folder / "synced", "sync", environment=exports))
    write_bill(folder / "exports" / "costs" / "bill.csv", "new")
    return {
        "import": Case("import", folder / "booked", OLD, NEW, importing["new"]),
        "first import": Case("import", folder / "empty", Decimal(0), OLD, importing["old"]),
        "sync": Case("sync", folder / "synced", OLD, NEW, environment=exports),
        "cube": Case("ask", without_cubes, OLD, OLD),
        "sweep": Case("sweep", restated, NEW, NEW),
        "rebuild": Case("rebuild", lost, OLD, OLD),
        "state": Case("state", folder / "booked", OLD, OLD, ("job",)),
    }


def steps_of(zygote: Zygote, case: Case, folder: Path) -> int:
    """How many durable steps the operation takes when nobody kills it."""
    answer = zygote.run(copied(case.template, folder), case.operation, *case.arguments, environment=case.environment)
    done(answer)
    return answer["steps"]


def kill_and_check(zygote: Zygote, case: Case, home: Path, **when: Any) -> bool:
    """Kill the operation, check what is left, do it again, check that; says whether the kill came in time."""
    copied(case.template, home)
    answer = zygote.run(home, case.operation, *case.arguments, environment=case.environment, **when)
    _check(case, home, finished=False)
    done(zygote.run(home, case.operation, *case.arguments, environment=case.environment))
    _check(case, home, finished=True)
    _check_nothing_is_left_over(home)
    shutil.rmtree(home)
    return bool(answer["killed"])


def _check(case: Case, home: Path, *, finished: bool) -> None:
    if case.operation != "rebuild" or finished:
        assert total_of(home) in ({case.after} if finished else {case.before, case.after})
        with at_home(home):
            assert run(["doctor"]) == 0
        _check_conformance_goes_with_its_bill(home)
    with State(LedgerHome(home / "ledger").prepare()).reading() as connection:
        twins = connection.execute("SELECT count(*) FROM answer").fetchone()[0]
    assert twins in ({2} if finished and case.operation == "state" else {0, 2})


def _check_conformance_goes_with_its_bill(home: Path) -> None:
    ledger = Ledger(home / "ledger")
    try:
        datasets = Datasets(ledger)
        checked = {fact["bill_sha256"] for fact in datasets.items(*datasets.current(DatasetName.CONFORMANCE))}
        assert checked == {load.sha256 for load in ledger.snapshot().loads}
    finally:
        ledger.close()


def _check_nothing_is_left_over(home: Path) -> None:
    ledger = Ledger(home / "ledger")
    try:
        sweep(ledger.catalog, retention=timedelta(0), now=LATER + timedelta(days=2))
        shas = {load.sha256 for load in ledger.snapshot().loads}
        for folder in (ledger.home.facts, ledger.home.cubes):
            assert {file.name.split(".")[0] for file in folder.iterdir()} == shas
            assert len(list(folder.iterdir())) == len(shas)
        named = {ledger.home.root / found.file for found in Datasets(ledger).current()}
        assert set(ledger.home.snapshots.iterdir()) == named
        assert not list(ledger.home.staging.iterdir())
    finally:
        ledger.close()


@contextmanager
def at_home(home: Path) -> Iterator[None]:
    before = os.environ.get("SKYLEDGER_HOME")
    os.environ["SKYLEDGER_HOME"] = str(home)
    try:
        yield
    finally:
        os.environ.pop("SKYLEDGER_HOME")
        if before is not None:
            os.environ["SKYLEDGER_HOME"] = before


def copied(template: Path, home: Path) -> Path:
    if template.exists():
        shutil.copytree(template, home, dirs_exist_ok=True)
    return home


def done(answer: dict[str, Any]) -> None:
    assert answer["status"] == 0, answer
