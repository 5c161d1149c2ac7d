"""What the processes of `test_processes` do: ask, or restate, again and again until told to stop. Prints JSON."""

import json
import sys
import threading
from datetime import timedelta
from pathlib import Path

from orchestrator.business.config import BusinessConfig
from orchestrator.ledger.datasets import Datasets
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.upkeep import sweep
from orchestrator.query.engine import QueryEngine
from orchestrator.query.question import Question
from shared_models.dataset import DatasetName
from shared_models.export import ExportPart
from shared_models.organisation import SubAccount
from shared_models.period import utc_now
from tests.builders import dataset_part
from tests.orchestrator.ledger.killing import PERIOD


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def ask(home: Path, stop: threading.Event) -> object:
    """The distinct sums of all months, each from one answer, and how many answers there were."""
    ledger = Ledger(home)
    engine = QueryEngine(ledger, BusinessConfig())
    say("ready")
    found: set[str] = set()
    answers = 0
    while not stop.is_set() or not answers:
        answer = engine.ask(Question(period=PERIOD, group_by=("BillingPeriodStart",)))
        [total] = answer.totals
        assert sum(group.amount for group in answer.data) == total.amount
        found.add(str(total.amount))
        answers += 1
    ledger.close()
    return {"totals": sorted(found), "answers": answers}


def restate(home: Path, stop: threading.Event, *states: Path) -> object:
    """Book one state of the bill after the other, each with a sweep that keeps nothing unneeded."""
    ledger = Ledger(home)
    bills = [[ExportPart.model_validate(part) for part in json.loads(state.read_text())] for state in states]
    say("ready")
    booked = 0
    while not stop.is_set() or booked < len(bills) or booked % len(bills):
        ledger.adopt(bills[booked % len(bills)], [], now=utc_now(), reason="restate")
        sweep(ledger.catalog, retention=timedelta(0), now=utc_now())
        booked += 1
    ledger.close()
    return {"booked": booked}


def account(name: str) -> SubAccount:
    return SubAccount(
        provider="aws",
        billing_account_id="100",
        sub_account_id="a1",
        sub_account_name=name,
        sub_account_type="Account",
        path=(),
    )


def refresh(home: Path, stop: threading.Event, folder: Path) -> object:
    """Book one dataset snapshot after the other."""
    ledger = Ledger(home)
    said = [dataset_part(folder, DatasetName.ORGANISATION, account(name)) for name in ("Shop", "Store")]
    say("ready")
    stored = 0
    while not stop.is_set() or not stored:
        stored_now = Datasets(ledger).book([said[stored % 2]], now=utc_now(), reason="refresh")
        assert stored_now == 1
        stored += 1
    ledger.close()
    return {"stored": stored}


if __name__ == "__main__":
    told = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), told.set()), daemon=True).start()
    work = {"ask": ask, "restate": restate, "refresh": refresh}[sys.argv[1]]
    say(json.dumps(work(Path(sys.argv[2]), told, *map(Path, sys.argv[3:]))))
