"""Nothing but a query of the bill is run, whatever way it takes: the refusal has one form and tells nothing."""

import json
from pathlib import Path

import pytest

from tests.orchestrator.sql.conftest import CANARY
from tests.orchestrator.sql.hostile import HOSTILE


@pytest.mark.parametrize("way", HOSTILE)
async def test_a_statement_that_is_no_query_of_the_bill_is_refused(
    way: str, open_client, canary: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    statements = [text.format(canary=canary, out=out) for text in HOSTILE[way]]

    async with open_client() as client:
        answers = {sql: await client.call_tool("finops_run_sql", {"sql": sql}) for sql in statements}

    told = {sql: json.loads(answer.content[0].text)["error"] for sql, answer in answers.items() if answer.is_error}
    # What is no text at all is refused before the tool sees it.
    expected = {sql: "invalid_argument" if {"\x00", "\ud800"} & set(sql) else "sql_refused" for sql in statements}
    assert {sql: told[sql]["code"] if sql in told else "answered" for sql in statements} == expected
    assert all(error["message"] and error["hint"] and error["trace_id"] for error in told.values())
    assert not any(CANARY in answer.content[0].text for answer in answers.values())
    assert untouched(canary, out)


def untouched(canary: Path, out: Path) -> bool:
    return canary.read_text(encoding="utf-8") == f"secret\n{CANARY}\n" and not out.exists()


def test_there_are_many_different_ways() -> None:
    statements = [sql for way in HOSTILE.values() for sql in way]

    assert len(statements) == len(set(statements)) >= 240
