"""Whatever text comes, there are rows or the one refusal: a law, tried on made-up SQL."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.sql.functions import FUNCTIONS
from orchestrator.sql.grammar import WORDS
from orchestrator.sql.guard import check
from orchestrator.sql.limits import Limits
from orchestrator.sql.process import WorkerProcess
from orchestrator.sql.refusals import refused_by_engine
from shared_models.errors import SqlRefusedError
from shared_models.focus.own_columns import FACT_COLUMNS
from tests.orchestrator.sql.hostile import HOSTILE

_HOSTILE = [sql for way in HOSTILE.values() for sql in way]
_PIECES = st.one_of(
    st.sampled_from(sorted({*WORDS, "with", "recursive", "copy", "delete", "as", "on", ",", "(", ")", ".", "*", "::", ";"})),
    st.sampled_from(sorted(FUNCTIONS)),
    st.sampled_from(["cost_and_usage", "BilledCost", "ServiceName", "Tags['env']", "'x'", "1", "x", "$$", "--", "/*", "[", "]"]),
    st.sampled_from([word for sql in _HOSTILE for word in sql.split()]),
    st.text(max_size=4),
)  # fmt: skip
_SHAPED = st.builds(
    "SELECT {} FROM cost_and_usage WHERE {} GROUP BY {}".format,
    *[st.lists(_PIECES, min_size=1, max_size=6).map(" ".join)] * 3,
)
_CUT = st.builds(lambda a, b, n, m: a[:n] + b[m:], *[st.sampled_from(_HOSTILE)] * 2, *[st.integers(0, 60)] * 2)
_CALL = st.builds("SELECT {}({}) FROM cost_and_usage".format, st.sampled_from(sorted(FUNCTIONS)), _PIECES)
TEXTS = st.one_of(st.lists(_PIECES, max_size=25).map(" ".join), _SHAPED, _CUT, _CALL, st.text(max_size=40))


@pytest.fixture(scope="module")
def worker() -> Iterator[WorkerProcess]:
    worker = WorkerProcess(Limits())
    yield worker
    worker.end()


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(sql=TEXTS)
def test_any_text_gives_rows_or_the_refusal(sql: str, worker: WorkerProcess) -> None:
    try:
        checked = check(sql, 20_000)
    except SqlRefusedError:
        return
    table = {"columns": dict(FACT_COLUMNS), "files": []}
    job = {"tables": {"cost_and_usage": table}, "sql": checked.first(5), "rows": 5, "answer_bytes": 9999, "seconds": 5}

    reply = worker.ask(job)

    if "error" in reply:
        assert reply["error"] in {"sql", "memory", "bytes"}
        assert refused_by_engine(str(reply["message"]), checked.tables).code == "sql_refused"
    else:
        assert len(reply["columns"]) == len(reply["types"])


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(sql=TEXTS)
def test_what_passes_the_guard_passes_it_again_unchanged(sql: str) -> None:
    try:
        checked = check(sql, 20_000)
    except SqlRefusedError:
        return

    assert check(checked.sql, 40_000).sql == checked.sql


def test_every_allowed_function_is_known_to_the_engine(worker: WorkerProcess) -> None:
    reply = worker.ask(
        {
            "tables": {},
            "sql": "SELECT DISTINCT function_name FROM duckdb_functions()",
            "rows": 9999,
            "answer_bytes": 1 << 20,
            "seconds": 5,
        }
    )
    known = {row[0] for row in reply["rows"]}
    grammar = {
        "case",
        "cast",
        "coalesce",
        "date",
        "exists",
        "extract",
        "if",
        "ifnull",
        "nullif",
        "position",
        "try_cast",
    }
    grammar |= {"grouping", "grouping_id", "unnest", "trim", "current_timestamp", "percentile_cont", "percentile_disc"}
    windows = {
        "cume_dist",
        "dense_rank",
        "first_value",
        "lag",
        "last_value",
        "lead",
        "nth_value",
        "ntile",
        "percent_rank",
    }

    assert FUNCTIONS - known - grammar - windows - {"rank", "row_number"} == set()
