"""The bill in bulk is the bill that questions are answered from, to the digit and by either way of handing it over."""

import base64
import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from shared_models.export import CostBasis
from tests.contract.conftest import Asked, Cloud

EVER: Mapping[str, Any] = {"start": "2026-01-01", "end": "2027-01-01"}
METRICS = {
    CostBasis.BILLED: "billed_cost",
    CostBasis.EFFECTIVE: "effective_cost",
    CostBasis.LIST: "list_cost",
    CostBasis.CONTRACTED: "contracted_cost",
}


@pytest.mark.parametrize("metric", CostBasis)
async def test_the_bulk_totals_are_the_totals_of_the_question(cloud: Cloud, metric: CostBasis) -> None:
    async with cloud.asked() as asked:
        bulk = await asked.answer("export_costs", limit=50)
        answer = await asked.answer("query_costs", **EVER, metric=metric)

    told = {total["currency"]: (Decimal(total[METRICS[metric]]), total["rows"]) for total in bulk["totals"]}
    assert told == {total["currency"]: (Decimal(total["amount"]), total["rows"]) for total in answer["totals"]}
    assert bulk["rows"] == sum(total["rows"] for total in answer["totals"])


async def test_the_files_that_count_hold_exactly_the_announced_rows_and_totals(cloud: Cloud) -> None:
    async with cloud.asked() as asked:
        bulk = await asked.answer("export_costs", limit=50)

    counting = [part for part in bulk["data"] if part["of_record"]]
    for part in bulk["data"]:
        data = contents(part["path"])
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (part["sha256"], part["size_bytes"])
    with duckdb.connect() as connection:
        sums = ", ".join(f"sum({metric.value})" for metric in METRICS)
        files = ", ".join(f"'{part['path']}'" for part in counting)
        rows = connection.execute(
            f"SELECT BillingCurrency, count(*), {sums} FROM read_parquet([{files}]) GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert rows == [
        (total["currency"], total["rows"], *(Decimal(total[name]) for name in METRICS.values()))
        for total in bulk["totals"]
    ]
    assert sum(part["rows"] for part in counting) == bulk["rows"]


async def test_parts_read_in_chunks_are_the_files_themselves(cloud: Cloud) -> None:
    async with cloud.asked() as asked:
        by_path = await asked.answer("export_costs", limit=50, period="2026-10")
        by_chunks = await asked.answer("export_costs", limit=50, period="2026-10", shared_path=False)
        manifest = json.loads(await read(asked, by_chunks["manifest_uri"]))
        chunks = {part["sha256"]: [await read(asked, uri) for uri in part["chunk_uris"]] for part in by_chunks["data"]}

    assert [part.get("path") for part in by_chunks["data"]] == [None] * len(by_chunks["data"])
    for part in by_path["data"]:
        assert b"".join(chunks[part["sha256"]]) == contents(part["path"])
    assert {access["sha256"] for access in manifest["access"]} == set(chunks)
    for access in manifest["access"]:
        assert access["chunk_sha256"] == [hashlib.sha256(chunk).hexdigest() for chunk in chunks[access["sha256"]]]
        assert all(len(chunk) <= 4 << 20 for chunk in chunks[access["sha256"]])


async def read(asked: Asked, uri: str) -> bytes:
    [content] = (await asked.client.read_resource(uri)).contents
    return content.text.encode() if hasattr(content, "text") else base64.b64decode(content.blob)


def contents(path: str) -> bytes:
    return Path(path).read_bytes()
