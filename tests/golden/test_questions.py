"""Thirty golden questions over the sample organisation, answered through a real client, against the answer key.

The expected value is an SQL query over the answer key's files, which the generator computes from its own ledger; no
tool of ours takes part in it. Each question takes one call here; three calls and 6 KB are the most that any may need.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import duckdb
import jsonschema
import pytest
from mcp import Client

from servers.sample.generate import generate
from skyledger.compose import compose

QUESTIONS = json.loads((Path(__file__).parent / "questions.json").read_text(encoding="utf-8"))
MOST_BYTES = 6_000


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sample organisation of thirteen months."""
    folder = tmp_path_factory.mktemp("golden")
    generate(folder / "sample", rows=12_000)
    return folder


@pytest.fixture(scope="module")
def key(sample: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The answer key, one view per file."""
    with duckdb.connect(":memory:") as connection:
        for file in (sample / "sample" / "answer-key").iterdir():
            reader = {".csv": "read_csv", ".parquet": "read_parquet", ".json": "read_json"}[file.suffix]
            options = ", all_varchar=true" if file.suffix == ".csv" else ""
            name = file.stem.replace("-", "_")
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {reader}('{file}'{options})")
        yield connection


@pytest.fixture
def asked(sample: Path, monkeypatch: pytest.MonkeyPatch):
    """A client of the orchestrator; the ledger is filled by the first question and kept for the others."""

    @asynccontextmanager
    async def open_client() -> AsyncIterator[Client]:
        monkeypatch.setenv("SKYLEDGER_HOME", str(sample))
        async with Client(compose(sample / "sample")) as client:
            if not (sample / "synced").exists():
                synced = await client.call_tool("finops_sync", {"wait_seconds": 600})
                assert synced.structured_content["coverage"]["complete"], synced.structured_content["coverage"]
                (sample / "synced").touch()
            yield client

    return open_client


def rows_of(answer: dict, read: str) -> dict[tuple, Decimal]:
    """The figures of an answer, by key."""
    if read == "totals":
        return {(total["currency"],): Decimal(total["amount"]) for total in answer["totals"]}
    if read.startswith("also:"):
        return {(t["currency"],): Decimal(t["also"][read.removeprefix("also:")]) for t in answer["totals"]}
    if read == "groups":
        return {(*group["keys"], group["currency"]): Decimal(group["amount"]) for group in answer["data"]}
    if read == "unallocated":
        return {(part["currency"],): Decimal(part["amount"]) for part in answer["unallocated"]}
    if read == "series":
        [total] = answer["totals"]
        return {(b,): Decimal(a) for b, a in zip(answer["buckets"], total["series"], strict=True)}
    if read == "changes":
        return {(*mover["keys"], mover["currency"]): Decimal(mover["change"]) for mover in answer["movers"]}
    if read == "total_changes":
        return {(total["currency"],): Decimal(total["change"]) for total in answer["totals"]}
    if read == "savings":
        return {(item["recommendation_id"],): Decimal(item["estimated_monthly_savings"]) for item in answer["data"]}
    if read == "sql":
        return {tuple(row[:-1]): Decimal(row[-1]) for row in answer["rows"]}
    raise AssertionError(read)


def expected(key: duckdb.DuckDBPyConnection, sql: str) -> dict[tuple, Decimal]:
    rows = key.execute(sql).fetchall()
    return {tuple(row[:-1]): Decimal(str(row[-1])) for row in rows}


@pytest.mark.parametrize("question", QUESTIONS, ids=[question["question"] for question in QUESTIONS])
async def test_a_question_is_answered_to_the_digit(question: dict, asked, key: duckdb.DuckDBPyConnection) -> None:
    async with asked() as client:
        result = await client.call_tool(question["tool"], question["arguments"])
        schemas = {tool.name: tool.output_schema for tool in (await client.list_tools()).tools}

    text = result.content[0].text
    assert not result.is_error, text
    assert len(text.encode()) <= MOST_BYTES
    assert json.loads(text) == result.structured_content
    jsonschema.validate(result.structured_content, schemas[question["tool"]])
    wanted = expected(key, question["expect"])
    assert wanted, "the answer key has no such figure"
    assert rows_of(result.structured_content, question["read"]) == wanted


def test_there_are_thirty_questions() -> None:
    assert len(QUESTIONS) >= 30
    assert len({question["question"] for question in QUESTIONS}) == len(QUESTIONS)


async def test_a_mistyped_service_is_answered_with_its_near_match(asked) -> None:
    arguments = {
        "period": "2026-10",
        "filters": [{"column": "ServiceName", "values": ["Amazon Simple Storge Service"]}],
    }
    async with asked() as client:
        result = await client.call_tool("finops_query_costs", arguments)

    error = json.loads(result.content[0].text)["error"]
    assert error["code"] == "unknown_value"
    assert "Amazon Simple Storage Service" in error["hint"]
