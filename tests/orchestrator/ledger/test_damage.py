"""Damaged, lost, foreign and older files: repaired or a clear error, never a lost ledger and never a wrong figure."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from mcp import Client

from orchestrator.business.config import BusinessConfig
from orchestrator.ledger import journal
from orchestrator.ledger.database import Database
from orchestrator.ledger.datasets import Datasets
from orchestrator.ledger.ledger import Ledger
from orchestrator.query.engine import QueryEngine
from orchestrator.query.question import Question
from orchestrator.state.state import State
from servers.sample.generate import generate
from shared_models.dataset import DatasetName
from shared_models.errors import LedgerCorruptError, LedgerVersionError
from shared_models.export import ExportPart
from skyledger.cli import run
from skyledger.compose import compose
from tests.builders import NOW, cost_row, dataset_part, export_part
from tests.orchestrator.ledger.killing import PERIOD

SCHEMA = Path(journal.__file__).parent / "schema"


def total(ledger: Ledger, **asked: object) -> Decimal:
    totals = QueryEngine(ledger, BusinessConfig()).ask(Question(period=PERIOD), **asked).totals
    return sum((line.amount for line in totals), Decimal(0))


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> ExportPart:
    rows = [cost_row(Cost="0.5", SubAccountId=f"a{number % 50}", ResourceId=f"i-{number}") for number in range(400)]
    return export_part(tmp_path_factory.mktemp("parts"), rows)


@pytest.fixture
def ledger(tmp_path: Path, part: ExportPart) -> Iterator[Ledger]:
    """A ledger of 200, restated from 5, with an organisation and a line of user state."""
    ledger = Ledger(tmp_path / "skyledger-home" / "ledger")
    ledger.adopt([export_part(tmp_path / "in", [cost_row(Cost="5")])], [], now=NOW, reason="first")
    ledger.adopt([part], [], now=NOW + timedelta(days=1), reason="second")
    inventory = dataset_part(tmp_path / "in", DatasetName.INVENTORY)
    Datasets(ledger).book([inventory], now=NOW + timedelta(days=2), reason="third")
    with State(ledger.home).committing() as connection:
        connection.execute("INSERT INTO answer VALUES ('q', 't', '{}', 1, '', '{}', '2026', NULL)")
    yield ledger
    ledger.close()


def reopened(ledger: Ledger) -> Ledger:
    ledger.close()
    return Ledger(ledger.home.root)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "gone": lambda _: b"",
    "cut short": lambda data: data[: len(data) // 2],
    "foreign": lambda data: b"not ours" * (len(data) // 8),
    "flipped": lambda data: data[:12_288] + bytes(255 - byte for byte in data[12_288:]),
}


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_cube_is_made_again_while_the_question_waits(ledger: Ledger, part: ExportPart, how: str) -> None:
    cube = ledger.home.cubes / f"{part.sha256}.duckdb"
    damaged = DAMAGES[how](cube.read_bytes())
    cube.unlink() if how == "gone" else cube.write_bytes(damaged)
    opened = reopened(ledger)

    assert total(opened) == Decimal(200)
    opened.close()
    with ThreadPoolExecutor(1) as elsewhere:
        assert elsewhere.submit(total, Ledger(ledger.home.root)).result() == Decimal(200)


def test_two_who_meet_the_same_missing_cube_do_not_harm_each_other(ledger: Ledger) -> None:
    for cube in ledger.home.cubes.iterdir():
        cube.unlink()
    ledgers = [Ledger(ledger.home.root) for _ in range(4)]

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(total, ledgers)) == [Decimal(200)] * 4
    assert [cube.suffix for cube in ledger.home.cubes.iterdir()] == [".duckdb"]
    for opened in ledgers:
        opened.close()


@pytest.mark.parametrize("how", ["gone", "cut short", "foreign"])
def test_damaged_facts_are_named_and_an_import_brings_them_again(
    ledger: Ledger, part: ExportPart, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    facts = ledger.home.facts / f"{part.sha256}.parquet"
    damaged = DAMAGES[how](facts.read_bytes())
    facts.unlink()
    if how != "gone":
        facts.write_bytes(damaged)
    opened = reopened(ledger)

    with pytest.raises(LedgerCorruptError) as refused:
        QueryEngine(opened, BusinessConfig()).ask(Question(period=PERIOD, group_by=("SkuId",)))
    assert "rebuild" in refused.value.hint
    opened.close()
    assert run(["doctor"]) == 1
    assert run(["rebuild"]) == 1
    assert "import export again" in capsys.readouterr().out

    opened = Ledger(ledger.home.root)
    opened.adopt([part], [], now=NOW + timedelta(days=2), reason="again")
    opened.close()
    assert run(["rebuild"]) == 0
    assert total(Ledger(ledger.home.root)) == Decimal(200)


def lose(catalog: Path) -> None:
    catalog.unlink()


def garble(catalog: Path) -> None:
    catalog.write_bytes(b"no database at all" * 500)


def cut(catalog: Path) -> None:
    catalog.write_bytes(catalog.read_bytes()[:6000])


def garble_inside(catalog: Path) -> None:
    data = bytearray(catalog.read_bytes())
    for page in range(1, len(data) // 4096):
        data[page * 4096 : page * 4096 + 100] = b"\xff" * 100
    catalog.write_bytes(data)


@pytest.mark.parametrize("damage", [lose, garble, cut, garble_inside])
def test_a_rebuild_makes_the_catalogue_again_from_the_journal(
    ledger: Ledger, capsys: pytest.CaptureFixture[str], damage: Callable[[Path], None]
) -> None:
    ledger.close()
    damage(ledger.home.catalog)

    assert run(["rebuild"]) == 0
    assert ("set aside" in capsys.readouterr().out) == (damage is not lose)
    opened = Ledger(ledger.home.root)
    assert (total(opened), total(opened, as_of=NOW)) == (Decimal(200), Decimal(5))
    assert [found.name for found in Datasets(opened).current()] == [DatasetName.INVENTORY]
    with State(opened.home).reading() as connection:
        assert connection.execute("SELECT count(*) FROM answer").fetchone()[0] == 1
    opened.close()
    assert run(["doctor"]) == 0


def test_a_catalogue_lost_with_its_journal_is_said_and_the_facts_stay(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.close()
    ledger.home.catalog.unlink()
    ledger.home.journal.unlink()

    assert run(["rebuild"]) == 1
    assert "import the bills again" in capsys.readouterr().out
    assert len(list(ledger.home.facts.iterdir())) == 2


def test_a_lost_catalogue_is_made_again_by_the_next_question(ledger: Ledger) -> None:
    ledger.close()
    ledger.home.catalog.unlink()

    opened = Ledger(ledger.home.root)

    assert (total(opened), total(opened, as_of=NOW)) == (Decimal(200), Decimal(5))
    opened.close()


def test_a_journal_line_that_was_cut_short_spoils_no_other(ledger: Ledger, tmp_path: Path) -> None:
    ledger.close()
    with ledger.home.journal.open("ab") as handle:
        handle.write(b'\n0123456789abcdef {"since":3,"tab')
    opened = Ledger(ledger.home.root)
    beside = export_part(tmp_path / "in", [cost_row(Cost="7", ChargePeriodStart="2026-09-05")])
    opened.adopt([beside], [], now=NOW + timedelta(days=3), reason="after the kill")
    opened.close()
    ledger.home.catalog.unlink()

    assert total(Ledger(ledger.home.root)) == Decimal(207)


def test_a_commit_that_never_happened_is_not_restored_once_another_did(ledger: Ledger, tmp_path: Path) -> None:
    with ledger.catalog.reading() as connection:
        tables = journal.rows_since(connection, 2)
    tables["dataset"] = [{**tables["dataset"][0], "id": 99, "provider": "never"}]
    ledger.close()
    journal.append(ledger.home.journal, 3, {**tables, "generation": [{**tables["generation"][0], "id": 4}]})
    opened = Ledger(ledger.home.root)
    opened.adopt([export_part(tmp_path / "in", [cost_row(Cost="8")])], [], now=NOW + timedelta(days=3), reason="real")
    opened.close()
    ledger.home.catalog.unlink()

    opened = Ledger(ledger.home.root)
    assert total(opened) == Decimal(8)
    assert {found.provider for found in Datasets(opened).current()} == {"aws"}
    opened.close()


def test_a_lost_catalogue_with_a_damaged_journal_says_what_is_missing(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.close()
    ledger.home.catalog.unlink()
    lines = ledger.home.journal.read_bytes().split(b"\n")
    lines[1] = lines[1][:-5] + b"xxxxx"
    ledger.home.journal.write_bytes(b"\n".join(lines))

    with pytest.raises(LedgerCorruptError, match="1 commits of its journal"):
        Ledger(ledger.home.root)
    assert run(["rebuild"]) == 1
    assert "1 commits of the journal cannot be read" in capsys.readouterr().out
    opened = Ledger(ledger.home.root)
    assert total(opened) == Decimal(200)
    opened.close()
    assert run(["rebuild"]) == 0


def test_an_older_catalogue_is_brought_up_to_date_with_its_history(ledger: Ledger) -> None:
    ledger.close()
    with sqlite3.connect(ledger.home.catalog) as connection:
        connection.executescript(
            "DROP INDEX lease_holder; ALTER TABLE generation DROP COLUMN swept_at;"
            "ALTER TABLE load DROP COLUMN account_rows; ALTER TABLE load DROP COLUMN dated_by; PRAGMA user_version = 1;"
        )
    connection.close()
    ledger.home.journal.unlink()

    opened = reopened(ledger)
    assert (total(opened), total(opened, as_of=NOW)) == (Decimal(200), Decimal(5))
    opened.close()
    ledger.home.catalog.unlink()
    opened = Ledger(ledger.home.root)
    assert (total(opened), total(opened, as_of=NOW)) == (Decimal(200), Decimal(5))
    opened.close()


def test_a_failing_step_leaves_the_older_schema_as_it_was(tmp_path: Path) -> None:
    steps = tmp_path / "steps"
    steps.mkdir()
    (steps / "0001_first.sql").write_text("CREATE TABLE kept (x); -- one; comment\nINSERT INTO kept VALUES (1);\n")
    Database(tmp_path / "it.sqlite", steps, "").prepare()
    (steps / "0002_second.sql").write_text("ALTER TABLE kept ADD COLUMN y;\nDROP TABLE no_such_table;\n")

    with pytest.raises(Exception, match="no such table"):
        Database(tmp_path / "it.sqlite", steps, "").prepare()

    (steps / "0002_second.sql").write_text("ALTER TABLE kept ADD COLUMN y;\n")
    with Database(tmp_path / "it.sqlite", steps, "").prepare().reading() as connection:
        assert tuple(connection.execute("SELECT * FROM kept").fetchone()) == (1, None)
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 2


def test_user_state_of_a_newer_version_is_refused(ledger: Ledger) -> None:
    with sqlite3.connect(ledger.home.state) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(LedgerVersionError, match=r"state\.sqlite has schema 99"):
        State(ledger.home)


async def test_after_a_rebuild_every_total_of_the_sample_is_what_it_was(tmp_path: Path, monkeypatch) -> None:
    generate(tmp_path / "sample", rows=3_000, months=3)
    monkeypatch.setenv("SKYLEDGER_HOME", str(tmp_path))
    home = tmp_path / "sample-state"
    asked = {
        "start": "2026-09-01",
        "end": "2026-12-01",
        "group_by": ["x_Provider", "ServiceName"],
        "also": ["BilledCost", "ListCost"],
        "limit": 50,
    }

    async def answer(*, sync: bool) -> dict:
        async with Client(compose(tmp_path / "sample")) as client:
            if sync:
                await client.call_tool("finops_sync", {"datasets": []})
            said = (await client.call_tool("finops_query_costs", asked)).structured_content
            return {name: said[name] for name in ("totals", "data", "coverage", "freshness", "evidence")}

    before = await answer(sync=True)
    (home / "ledger" / "catalog.sqlite").write_bytes(b"garbled" * 5000)
    monkeypatch.setenv("SKYLEDGER_HOME", str(home))
    assert run(["rebuild"]) == 0

    monkeypatch.setenv("SKYLEDGER_HOME", str(tmp_path))
    assert await answer(sync=False) == before
