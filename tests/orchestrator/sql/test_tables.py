"""Agents' SQL reads the datasets beside the bills, and says it where there are none yet."""

import json
from pathlib import Path

import pytest
from mcp import Client

from servers.sample.generate import generate
from skyledger.compose import compose


@pytest.fixture(scope="module")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("tables")
    generate(home / "sample", rows=3_000, months=2)
    return home


async def test_invoices_inventory_and_conformance_are_tables_that_join_the_bill(
    sample_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYLEDGER_HOME", str(sample_home))
    joined = (
        "SELECT i.InvoiceIssuerName, COUNT(DISTINCT i.InvoiceId) AS invoices, COUNT(*) AS n FROM invoice_detail AS i"
        " JOIN cost_and_usage AS c ON c.InvoiceId = i.InvoiceId GROUP BY 1"
    )
    async with Client(compose(sample_home / "sample")) as client:
        before = await client.call_tool("finops_run_sql", {"sql": "SELECT COUNT(*) AS n FROM invoice_detail"})
        await client.call_tool("finops_sync", {"wait_seconds": 300})
        counts = {
            table: await client.call_tool("finops_run_sql", {"sql": f"SELECT COUNT(*) AS n FROM {table}"})
            for table in (
                "invoice_detail",
                "billing_period",
                "contract_commitment",
                "inventory",
                "usage",
                "conformance",
            )
        }
        invoices = await client.call_tool("finops_run_sql", {"sql": joined})
        reconciled = await client.call_tool("finops_reconcile_invoice", {"billing_period": "2026-10"})

    assert json.loads(before.content[0].text)["error"]["code"] == "data_not_ready"
    assert all(int(found.structured_content["rows"][0][0]) > 0 for found in counts.values())
    assert not invoices.is_error, invoices.content[0].text
    assert invoices.structured_content["rows"]
    text = reconciled.content[0].text
    assert not reconciled.is_error, text
    assert '"reconciled"' in text or '"within_focus_tolerance"' in text, text[:1500]
