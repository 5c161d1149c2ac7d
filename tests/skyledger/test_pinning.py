"""Pins on the command line: listed with what they hold, taken away by name, a wrong name with near ones."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.pins import pin, pinned
from orchestrator.settings import load_settings
from orchestrator.state.answer import Answers, Kept
from orchestrator.state.state import State
from skyledger.cli import run
from tests.builders import NOW, cost_row, export_part


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger(load_settings().ledger_home)
    ledger.adopt([export_part(tmp_path / "in", [cost_row()])], [], now=NOW, reason="test")
    pin(ledger.catalog, "2026-10 close", 1, datetime(2026, 11, 5, tzinfo=UTC))
    answers = Answers(State(ledger.home))
    answers.note(Kept("aa11", "query_costs", "{}", 1, "s", "{}", "2026-11-05T00:00:00Z"))
    answers.hold("aa11", "2026-10 close")
    answers.close()
    return ledger


def test_pins_are_listed_with_their_answers_and_taken_away(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pins"]) == 0
    text = capsys.readouterr().out
    assert all(said in text for said in ("2026-10 close", "2026-11-05", "aa11", "finops_query_costs"))

    assert run(["unpin", "2026-10 close"]) == 0
    assert pinned(ledger.catalog) == {}
    assert Answers(State(ledger.home)).pinned_as("2026-10 close") == ()
    capsys.readouterr()
    assert run(["pins"]) == 0
    assert "nothing is pinned" in capsys.readouterr().out


@pytest.mark.usefixtures("ledger")
def test_a_pin_that_is_not_there_is_refused_with_near_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["unpin", "2026-10 clos"]) == 1
    assert "Pinned: 2026-10 close." in capsys.readouterr().err
