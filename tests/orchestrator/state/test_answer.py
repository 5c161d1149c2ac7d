"""Kept answers: bounded, shared by processes, never in the way of the answer itself."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.ledger.home import LedgerHome
from orchestrator.state.answer import LARGEST, Answers, Kept
from orchestrator.state.state import State


@pytest.fixture
def home(tmp_path: Path) -> LedgerHome:
    return LedgerHome(tmp_path / "home").prepare()


@pytest.fixture
def answers(home: LedgerHome) -> Iterator[Answers]:
    answers = Answers(State(home), kept=3)
    yield answers
    answers.close()


def kept(number: int, **said: object) -> Kept:
    values: dict[str, object] = {
        "query_id": f"q{number}",
        "tool": "query_costs",
        "question": "{}",
        "generation": number,
        "sources": "s",
        "figures": "{}",
        "answered_at": f"2026-11-24T00:00:{number:02d}.000000Z",
    }
    return Kept(**{**values, **said})


def test_what_is_noted_is_found_by_every_process(answers: Answers, home: LedgerHome) -> None:
    answers.note(kept(1))

    assert answers.find("q1") == kept(1)
    assert Answers(State(home)).find("q1") == kept(1)
    assert answers.find("q2") is None


def test_closing_writes_what_is_waiting(answers: Answers, home: LedgerHome) -> None:
    for number in range(3):
        answers.note(kept(number))
    answers.close()

    assert all(Answers(State(home)).find(f"q{number}") for number in range(3))


def test_the_oldest_go_first_and_a_held_one_stays(answers: Answers) -> None:
    answers.note(kept(0))
    answers.hold("q0", "close")
    for number in range(1, 6):
        answers.note(kept(number))

    found = {number for number in range(6) if answers.find(f"q{number}")}
    assert found == {0, 3, 4, 5}


def test_the_same_question_again_is_noted_for_its_latest_generation_unless_it_is_held(answers: Answers) -> None:
    answers.note(kept(1))
    answers.note(kept(1, generation=7))
    assert answers.find("q1").generation == 7

    answers.hold("q1", "close")
    answers.note(kept(1, generation=9))
    assert answers.find("q1").generation == 7


def test_noting_does_not_wait_for_a_locked_file(answers: Answers, home: LedgerHome) -> None:
    with sqlite3.connect(home.state, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        assert answers.note(kept(1))  # returns while the other process holds the file
        other.execute("ROLLBACK")
    other.close()

    assert answers.find("q1") == kept(1)


def test_a_question_of_thousands_of_values_is_not_kept(answers: Answers) -> None:
    assert not answers.note(kept(1, question="x" * (LARGEST + 1)))
    assert answers.find("q1") is None
