"""Whatever a statement does, it ends in an answer or in a refusal that names the cap; the server stays as it was."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import anyio
import psutil
import pytest

from orchestrator.ledger.ledger import Ledger
from orchestrator.sql.limits import Limits
from orchestrator.sql.pool import WorkerPool
from orchestrator.sql.run import run_sql
from shared_models.errors import SqlRefusedError

ENDLESS = (
    "SELECT count(*) FROM cost_and_usage a, cost_and_usage b, cost_and_usage c, cost_and_usage d, cost_and_usage e,"
    " cost_and_usage f, cost_and_usage g, cost_and_usage h, cost_and_usage i, cost_and_usage j, cost_and_usage k,"
    " cost_and_usage l, cost_and_usage m, cost_and_usage n, cost_and_usage o, cost_and_usage p"
    " WHERE a.BilledCost + b.BilledCost + c.BilledCost + d.BilledCost + e.BilledCost + p.BilledCost + o.BilledCost > 0.5"
)
GROWING = "SELECT string_agg(a.ServiceName || b.ServiceName, ',') OVER () FROM " + ", ".join(
    f"cost_and_usage {name}" for name in "abcdefghijk"
)
DOUBLED = "SELECT length(" + "replace(" * 9 + "'aaaaaaaaaa'" + ", 'a', 'aaaaaaaaaa')" * 9 + ")"


async def refusal(home: Path, sql: str, limits: Limits, *, watch_memory: bool = False) -> tuple[str, WorkerPool]:
    """The cap that a statement passes, with the closed pool."""
    ledger = Ledger(home / "ledger")
    pool = WorkerPool(limits, watch_memory=watch_memory)
    try:
        with pytest.raises(SqlRefusedError) as caught:
            await run_sql(pool, limits, ledger, ledger.snapshot(), sql, 50)
        after = await run_sql(pool, limits, ledger, ledger.snapshot(), "SELECT count(*) FROM cost_and_usage", 50)
        assert after.rows == (("5",),)
    finally:
        pool.close()
        ledger.close()
    return caught.value.details["limit"], pool


async def test_a_statement_without_end_is_ended_by_the_clock(home: Path) -> None:
    started = time.monotonic()

    limit, _ = await refusal(home, ENDLESS, Limits(seconds=3))

    assert limit == "seconds"
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("sql", [GROWING, DOUBLED], ids=["text that grows", "text that doubles"])
async def test_a_statement_that_swells_is_ended_by_the_memory_cap(home: Path, sql: str) -> None:
    own = psutil.Process().memory_info().rss

    limit, _ = await refusal(home, sql, Limits(engine_bytes=128 << 20, process_bytes=1 << 30))

    assert limit == "memory_bytes"
    assert psutil.Process().memory_info().rss - own < 200 << 20


async def test_where_the_system_bounds_no_memory_the_parent_watches(home: Path) -> None:
    limits = Limits(engine_bytes=8 << 30, process_bytes=160 << 20)
    unbound = "import orchestrator.sql.worker as w; w.bind_process = lambda _: None; "

    limit = await _with_boot(home, unbound, limits)

    assert limit == "memory_bytes"


async def _with_boot(home: Path, patch: str, limits: Limits) -> str:
    with pytest.MonkeyPatch.context() as patched:
        boot = "import sys; sys.path.insert(0, sys.argv.pop(1)); " + patch + "w.main()"
        patched.setattr("orchestrator.sql.process._BOOT", boot)
        limit, _ = await refusal(home, GROWING, limits, watch_memory=True)
    return limit


@pytest.mark.parametrize(
    ("sql", "limits", "expected"),
    [
        ("SELECT '" + "x" * 20_000 + "'", Limits(), "statement_characters"),
        ("SELECT " + "(" * 3_000 + "1" + ")" * 3_000, Limits(), "depth"),
        ("SELECT " + "- " * 9_000 + "1", Limits(), "depth"),
        ("SELECT " + "NOT " * 4_900 + "true", Limits(), "depth"),
        ("SELECT replace('" + "a" * 500 + "', 'a', '" + "b" * 500 + "')", Limits(answer_bytes=100_000), "answer_bytes"),
        ("SELECT ServiceName FROM cost_and_usage", Limits(answer_bytes=10), "answer_bytes"),
    ],
    ids=["long", "brackets", "signs", "nots", "one huge cell", "many cells"],
)
async def test_each_cap_names_itself(home: Path, sql: str, limits: Limits, expected: str) -> None:
    ledger = Ledger(home / "ledger")
    pool = WorkerPool(limits)
    try:
        with pytest.raises(SqlRefusedError) as caught:
            await run_sql(pool, limits, ledger, ledger.snapshot(), sql, 50)
    finally:
        pool.close()
        ledger.close()

    assert caught.value.details["limit"] == expected


@pytest.fixture
def heavy() -> Iterator[WorkerPool]:
    pool = WorkerPool(Limits(seconds=1))
    yield pool
    pool.close()


HEAVY = {
    "thousands of ORs": "SELECT count(*) FROM cost_and_usage WHERE " + " OR ".join(["RegionId='x'"] * 1_100),
    "a huge IN list": f"SELECT count(*) FROM cost_and_usage WHERE x_SourceRow IN ({','.join(map(str, range(4_000)))})",
    "a regular expression that explodes elsewhere": "SELECT count(*) FROM cost_and_usage WHERE"
    " regexp_matches(replace('aaaaaaaaaaaaaaaaaaaa', 'a', 'aaaaaaaaaa') || '!', '^(a+)+(a|aa)+(a*)*$')",
    "nested queries": "SELECT * FROM " + "(SELECT * FROM " * 40 + "cost_and_usage" + ") AS t" * 40,
    "nested CASE": "SELECT " + "CASE WHEN true THEN " * 60 + "1" + " END" * 60,
    "a window over everything": "SELECT median(BilledCost) OVER (ORDER BY BilledCost ROWS BETWEEN UNBOUNDED PRECEDING"
    " AND UNBOUNDED FOLLOWING) FROM cost_and_usage",
    "hundreds of unions": " UNION ALL ".join(["SELECT 1"] * 300),
    "hundreds of columns": "SELECT " + ", ".join(f"BilledCost AS c{n}" for n in range(700)) + " FROM cost_and_usage",
    "a long chain of joins": "SELECT count(*) FROM cost_and_usage a0 "
    + " ".join(f"JOIN cost_and_usage a{n} USING (x_SourceRow)" for n in range(1, 40)),
    "many common table expressions": "WITH t0 AS (SELECT 1 AS n), "
    + ", ".join(f"t{n} AS (SELECT a.n FROM t{n - 1} a, t{n - 1} b)" for n in range(1, 40))
    + " SELECT count(*) FROM t39",
}


@pytest.mark.parametrize("sql", HEAVY.values(), ids=HEAVY.keys())
async def test_a_heavy_statement_ends_in_rows_or_in_the_one_refusal(sql: str, heavy: WorkerPool, home: Path) -> None:
    ledger = Ledger(home / "ledger")
    limits = Limits(seconds=1)
    ended = "answered"
    started = time.monotonic()
    try:
        await run_sql(heavy, limits, ledger, ledger.snapshot(), sql, 50)
    except SqlRefusedError as error:
        ended = str(error.details["limit"])
    finally:
        ledger.close()

    assert ended in {"answered", "seconds", "memory_bytes", "depth"}
    assert time.monotonic() - started < 30


async def test_a_third_statement_waits_no_longer_than_it_may(home: Path) -> None:
    limits = Limits(seconds=3, queue_seconds=0.3, workers=1)
    ledger = Ledger(home / "ledger")
    pool = WorkerPool(limits)
    codes: list[object] = []

    async def ask(sql: str) -> None:
        try:
            await run_sql(pool, limits, ledger, ledger.snapshot(), sql, 5)
        except SqlRefusedError as error:
            codes.append(error.details["limit"])

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask, ENDLESS)
            tasks.start_soon(ask, ENDLESS)
    finally:
        pool.close()
        ledger.close()

    assert codes == ["queue_seconds", "seconds"]


def worker_pids() -> set[int]:
    return {
        child.pid for child in psutil.Process().children() if "orchestrator.sql.worker" in " ".join(child.cmdline())
    }


async def until(condition, seconds: float) -> float:
    """How long it took until the condition held; fails when it takes longer than it may."""
    started = time.monotonic()
    with anyio.fail_after(seconds):
        while not condition():  # noqa: ASYNC110 - another process has no event to wait for
            await anyio.sleep(0.02)
    return time.monotonic() - started


async def busy_worker() -> psutil.Process:
    """The one worker, once its statement computes."""
    await until(worker_pids, 20)
    [pid] = worker_pids()
    process = psutil.Process(pid)
    await until(lambda: process.cpu_times().user > 1.0, 20)
    return process


async def test_cancelling_the_call_ends_the_statement_within_a_second(open_client) -> None:
    async with open_client() as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "finops_run_sql", {"sql": ENDLESS})
            worker = await busy_worker()
            tasks.cancel_scope.cancel()
        took = await until(lambda: not worker.is_running(), 5)
        good = await client.call_tool("finops_run_sql", {"sql": "SELECT 1"})

    assert took < 1
    assert not good.is_error
    assert worker_pids() == set()


async def test_a_client_that_goes_away_ends_its_statement(open_client) -> None:
    async with anyio.create_task_group() as tasks:

        async def leave() -> None:
            async with open_client() as client:
                await client.call_tool("finops_run_sql", {"sql": ENDLESS})

        tasks.start_soon(leave)
        worker = await busy_worker()
        tasks.cancel_scope.cancel()

    assert await until(lambda: not worker.is_running(), 5) < 1


PARENT = """
import sys
from orchestrator.sql.limits import Limits
from orchestrator.sql.process import WorkerProcess
worker = WorkerProcess(Limits())
print(worker.pid, flush=True)
sql = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range * b.range % 7 = 3"
worker.ask({"tables": {}, "sql": sql, "rows": 1, "answer_bytes": 10, "seconds": 600})
"""


def other_server() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, cwd=Path.cwd())


async def test_a_killed_parent_leaves_no_worker_even_in_the_middle_of_a_statement() -> None:
    with other_server() as parent:
        assert parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        await until(lambda: worker.cpu_times().user > 1.0, 20)
        parent.send_signal(signal.SIGKILL)

        took = await until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, 5)

    assert took < 2
