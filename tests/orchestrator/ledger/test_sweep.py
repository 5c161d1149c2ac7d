"""What a sweep may forget: everything that nobody refers to, and nothing that is leased, pinned or current."""

import itertools
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orchestrator.business.config import BusinessConfig
from orchestrator.ledger.catalog import Catalog, require_kept
from orchestrator.ledger.home import LedgerHome
from orchestrator.ledger.leases import LEASE, Leases
from orchestrator.ledger.ledger import Ledger
from orchestrator.ledger.loads import loads_at
from orchestrator.ledger.pins import pin, pinned, unpin
from orchestrator.ledger.upkeep import prefer, sweep
from orchestrator.query.engine import QueryEngine
from orchestrator.query.question import Question
from shared_models.errors import SnapshotExpiredError
from shared_models.export import ExportPart
from tests.builders import NOW, OCTOBER, cost_row, export_part

COUNTER = itertools.count()


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, int], ExportPart]:
    """Two sources of one month, each in three versions; and a month beside it."""
    folder = tmp_path_factory.mktemp("parts")
    days = {"a": "2026-10-01", "b": "2026-10-02", "beside": "2026-09-01"}
    return {
        (source, version): export_part(folder, [cost_row(Cost=str(version), ChargePeriodStart=day)], source_key=source)
        for source, day in days.items()
        for version in (1, 2, 3)
    }


class Model:
    """A ledger with what each of its generations held when it was committed."""

    def __init__(self, root: Path) -> None:
        self.now = NOW
        self.ledger = Ledger(root, clock=lambda: self.now)
        self.catalog = self.ledger.catalog
        self.history: dict[int, tuple[tuple[str, bool], ...]] = {0: ()}
        self.leased: dict[int, tuple[Leases, datetime]] = {}
        self.pinned: dict[str, int] = {}

    def later(self, by: timedelta = timedelta(minutes=1)) -> None:
        self.now += by

    def record(self) -> None:
        generation = self.catalog.current_generation()
        self.history.setdefault(generation, self.seen(generation))

    def seen(self, generation: int) -> tuple[tuple[str, bool], ...]:
        """The loads of a generation and whether they count, or SnapshotExpiredError."""
        with self.catalog.reading() as connection:
            require_kept(connection, generation)
            return tuple((load.sha256, load.booked) for load in loads_at(connection, generation))

    def held(self) -> set[int]:
        alive = {generation for generation, (_, until) in self.leased.items() if until >= self.now}
        return {self.catalog.current_generation(), *alive, *self.pinned.values()}

    def answerable(self) -> list[int]:
        found = []
        for generation, expected in self.history.items():
            try:
                assert self.seen(generation) == expected
            except SnapshotExpiredError:
                continue
            found.append(generation)
        return found

    def files(self) -> set[str]:
        return {file.name.split(".")[0] for file in self.ledger.home.facts.iterdir()}

    def preferences(self) -> list[tuple[object, ...]]:
        with self.catalog.reading() as connection:
            return [tuple(row) for row in connection.execute("SELECT * FROM preference")]


BOOK = st.tuples(st.just("book"), st.sampled_from(["a", "b", "beside"]), st.integers(1, 3))
ACTIONS = st.one_of(
    BOOK,
    BOOK,
    st.tuples(st.just("prefer"), st.sampled_from(["a", "b", None]), st.none()),
    st.tuples(st.just("pin"), st.sampled_from(["close-09", "close-10"]), st.integers(0, 50)),
    st.tuples(st.just("unpin"), st.sampled_from(["close-09", "close-10"]), st.none()),
    st.tuples(st.just("lease"), st.none(), st.integers(0, 50)),
    st.tuples(st.just("wait"), st.none(), st.none()),
    st.tuples(st.just("sweep"), st.none(), st.none()),
)


def known_sources(model: Model) -> list[tuple[str]]:
    with model.catalog.reading() as connection:
        return [tuple(row) for row in connection.execute("SELECT DISTINCT source_key FROM load")]


def act(model: Model, parts: Mapping[tuple[str, int], ExportPart], action: tuple) -> None:
    kind, name, number = action
    model.later()
    match kind:
        case "book":
            model.ledger.adopt([parts[name, number]], [], now=model.now, reason="test")
        case "prefer" if name in {row[0] for row in known_sources(model)}:
            prefer(model.catalog, "aws", "100", name, model.now)
        case "pin":
            generations = model.answerable()
            model.pinned[name] = generations[number % len(generations)]
            pin(model.catalog, name, model.pinned[name], model.now)
        case "unpin":
            assert unpin(model.catalog, name) == (model.pinned.pop(name, None) is not None)
        case "lease":
            generations = model.answerable()
            generation = generations[number % len(generations)]
            leases = Leases(model.catalog, lambda: model.now)
            assert leases.hold(lambda _: generation) == generation
            model.leased[generation] = (leases, model.now + LEASE)
        case "wait":
            model.later(LEASE)
        case "sweep":
            check_sweep(model)
        case _:
            pass
    model.record()
    assert set(model.answerable()) >= model.held()


def check_sweep(model: Model) -> None:
    wanted = {sha for generation in model.held() for sha, _ in model.history[generation]}

    sweep(model.catalog, retention=timedelta(0), now=model.now)

    assert model.files() == wanted


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(
    actions=[("lease", None, 1), ("book", "a", 3), ("sweep", None, None), ("wait", None, None), ("sweep", None, None)]
)
@example(actions=[("pin", "close-09", 1), ("book", "a", 3), ("sweep", None, None), ("unpin", "close-09", None)])
@given(actions=st.lists(ACTIONS, min_size=6, max_size=14))
def test_a_generation_answers_as_it_was_or_says_that_it_expired(
    tmp_path: Path, parts: Mapping[tuple[str, int], ExportPart], actions: list[tuple]
) -> None:
    model = Model(tmp_path / str(next(COUNTER)))
    for action in (("book", "a", 1), ("book", "a", 2), ("book", "b", 1), *actions):
        act(model, parts, action)
    model.ledger.close()
    model.later()
    check_sweep(model)
    answerable, preferences = model.answerable(), model.preferences()

    model.ledger.home.catalog.unlink()
    model.catalog = Catalog(model.ledger.home)

    assert set(model.answerable()) >= {*answerable, *model.held()}
    assert (pinned(model.catalog), model.preferences()) == (model.pinned, preferences)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "home", clock=lambda: NOW)
    yield ledger
    ledger.close()


def restated(ledger: Ledger, parts: Mapping[tuple[str, int], ExportPart]) -> None:
    for version in (1, 2):
        ledger.adopt([parts["a", version]], [], now=NOW + timedelta(minutes=version), reason="test")


def test_a_time_or_a_cursor_whose_snapshot_was_swept_expired(
    ledger: Ledger, parts: Mapping[tuple[str, int], ExportPart], tmp_path: Path
) -> None:
    rows = [cost_row(ServiceName=name, ChargePeriodStart="2026-10-03") for name in ("A", "B")]
    ledger.adopt([export_part(tmp_path / "in", rows, source_key="a")], [], now=NOW, reason="test")
    engine = QueryEngine(ledger, BusinessConfig())
    question = Question(period=OCTOBER, group_by=("ServiceName",), limit=1)
    cursor = engine.ask(question).pagination.next_cursor
    restated(ledger, parts)

    sweep(ledger.catalog, retention=timedelta(0), now=NOW + LEASE - timedelta(minutes=1))
    assert engine.ask(question, cursor=cursor).data[0].keys == ("B",)

    sweep(ledger.catalog, retention=timedelta(0), now=NOW + LEASE * 3)
    later = QueryEngine(Ledger(ledger.home.root, clock=lambda: NOW + LEASE * 3), BusinessConfig())
    for asked in ({"cursor": cursor}, {"as_of": NOW}):
        with pytest.raises(SnapshotExpiredError) as expired:
            later.ask(question, **asked)
        assert expired.value.code == "snapshot_expired"
    assert later.ask(question).totals[0].amount == 2
    later.ledger.close()


def test_a_question_writes_a_lease_once_and_closing_gives_it_back(
    ledger: Ledger, parts: Mapping[tuple[str, int], ExportPart]
) -> None:
    restated(ledger, parts)
    engine = QueryEngine(ledger, BusinessConfig())

    def leases() -> list[tuple[int, str]]:
        with ledger.catalog.reading() as connection:
            return [tuple(row) for row in connection.execute("SELECT generation, expires_at FROM lease")]

    engine.ask(Question(period=OCTOBER))
    [first] = leases()
    changes = ledger.home.catalog.stat().st_mtime_ns
    for _ in range(5):
        engine.ask(Question(period=OCTOBER))

    assert leases() == [first]
    assert ledger.home.catalog.stat().st_mtime_ns == changes
    ledger.close()
    assert leases() == []


def test_a_pin_of_what_was_swept_is_refused(ledger: Ledger, parts: Mapping[tuple[str, int], ExportPart]) -> None:
    restated(ledger, parts)
    sweep(ledger.catalog, retention=timedelta(0), now=NOW + LEASE * 3)

    with pytest.raises(SnapshotExpiredError):
        pin(ledger.catalog, "close-10", 1, NOW)
    assert pinned(Catalog(LedgerHome(ledger.home.root))) == {}


def test_a_sweep_rewrites_a_journal_that_is_mostly_about_what_was_forgotten(
    ledger: Ledger, parts: Mapping[tuple[str, int], ExportPart]
) -> None:
    restated(ledger, parts)
    with ledger.home.journal.open("ab") as handle:
        handle.write(b"\nforgotten" * 20_000)

    sweep(ledger.catalog, retention=timedelta(0), now=NOW + LEASE * 3)

    assert ledger.home.journal.stat().st_size < 10_000
    ledger.close()
    ledger.home.catalog.unlink()
    assert Catalog(ledger.home).current_generation() == 2
