"""Damaged files of a live cloud: money spent is never forgotten, answers are kept again, and the damaged file stays."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from servers.kit.live.answers import Answers
from servers.kit.live.purse import Purse
from shared_models.errors import PurseEmptyError

CENT = Decimal("0.01")
HOUR = timedelta(hours=1)


class Clock:
    """A clock that the test sets."""

    now = datetime(2026, 11, 25, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def names(folder: Path, pattern: str) -> list[str]:
    return [file.name for file in folder.glob(pattern)]


def overwritten(file: Path) -> None:
    file.write_bytes(b"not a database " * 600)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def torn(file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))


def without_its_table(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE spent")


@pytest.mark.parametrize("damage", [overwritten, emptied, torn, without_its_table])
def test_a_damaged_purse_counts_as_spent_for_the_day_and_starts_anew_the_next(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    clock, file = Clock(), tmp_path / "purse.sqlite"
    purse = Purse(file, "ours", Decimal("1.00"), clock=clock)
    purse.take(CENT)
    damage(file)
    hurt = file.read_bytes()
    again, beside = (Purse(file, name, Decimal("1.00"), clock=clock) for name in ("ours", "another of the file"))

    card = again.card()
    for one in (again, beside):
        with pytest.raises(PurseEmptyError) as refused:
            one.take(CENT)
        assert "was damaged and is kept as" in refused.value.message

    [aside] = tmp_path.glob("purse.damaged-*.sqlite")
    assert aside.read_bytes() == hurt
    assert (Decimal(card.left), again.spent()) == (0, Decimal("1.00"))
    assert card.note is not None
    assert aside.name in card.note
    clock.now += timedelta(days=1)
    again.take(CENT)
    assert (again.card().left, again.card().note) == ("0.99", None)


def test_many_that_find_a_purse_damaged_at_once_set_it_aside_once(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "purse.sqlite"
    overwritten(file)

    with ThreadPoolExecutor(8) as pool:
        cards = list(pool.map(lambda _: Purse(file, "ours", Decimal(1), clock=clock).card(), range(8)))

    assert {Decimal(card.left) for card in cards} == {0}
    assert len(list(tmp_path.glob("purse.damaged-*"))) == 1


def test_many_new_purses_of_one_file_count_together(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "purse.sqlite"

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: Purse(file, "ours", Decimal(1), clock=clock).take(CENT), range(16)))

    assert Purse(file, "ours", Decimal(1), clock=clock).spent() == 16 * CENT


async def test_damaged_answers_are_asked_again_and_kept_again(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "answers.sqlite"
    asked: list[str] = []

    async def ask() -> str:
        asked.append("once")
        return "42"

    await Answers(file, clock).get("question", HOUR, ask)
    overwritten(file)
    again = Answers(file, clock)

    assert [(await again.get("question", HOUR, ask)).body for _ in range(4)] == ["42"] * 4
    assert len(asked) <= 3
    assert (await again.get("question", HOUR, ask)).from_cache
    assert names(tmp_path, "answers.damaged-*.sqlite")


async def test_a_kept_answer_whose_text_changed_is_not_told(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "answers.sqlite"

    async def ask() -> str:
        return "42"

    await Answers(file, clock).get("question", HOUR, ask)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE kept SET body = '43'")

    kept = await Answers(file, clock).get("question", HOUR, ask)
    assert (kept.body, kept.from_cache) == ("42", False)
