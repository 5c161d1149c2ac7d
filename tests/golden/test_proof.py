"""Claims, invoices and replay over the sample organisation, through a real client, against the answer key."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import pytest
from mcp import Client

from servers.sample.generate import generate
from skyledger.compose import compose

CLOSED = ("2026-09", "2026-10")
MOST_BYTES = 6_000
METRICS = {
    "BilledCost": "billed_cost",
    "EffectiveCost": "effective_cost",
    "ListCost": "list_cost",
    "ContractedCost": "contracted_cost",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a small sample organisation; its ledger is filled by the first client."""
    folder = tmp_path_factory.mktemp("proof")
    generate(folder / "sample", rows=3_000, months=3)
    return folder


@pytest.fixture(scope="module")
def key(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        folder = home / "sample" / "answer-key"
        connection.execute(f"CREATE VIEW cube AS SELECT * FROM read_parquet('{folder}/cube.parquet')")
        connection.execute(
            f"CREATE VIEW invoices AS SELECT * FROM read_csv('{folder}/invoices.csv', all_varchar = true)"
        )
        yield connection


@pytest.fixture
def asked(home: Path, monkeypatch: pytest.MonkeyPatch):
    @asynccontextmanager
    async def open_client() -> AsyncIterator[Client]:
        monkeypatch.setenv("SKYLEDGER_HOME", str(home))
        async with Client(compose(home / "sample")) as client:
            if not (home / "synced").exists():
                assert (await call(client, "finops_sync", {"wait_seconds": 600}))["coverage"]["complete"]
                (home / "synced").touch()
            yield client

    return open_client


async def call(client: Client, tool: str, arguments: dict) -> dict:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content[0].text
    assert len(result.content[0].text.encode()) <= MOST_BYTES
    return result.structured_content


def issue(home: Path, key: duckdb.DuckDBPyConnection, change: str = "invoiced") -> None:
    """Put the invoices of the closed months where the owner would; `change` plants what the test wants wrong."""
    folder = home / "sample-state" / "invoices"
    folder.mkdir(parents=True, exist_ok=True)
    columns = (
        f'billing_account_id AS "Billing Account", billing_month AS "Billing Period", currency, {change} AS amount'
    )
    key.execute(f"COPY (SELECT {columns} FROM invoices) TO '{folder}/invoices.csv' (HEADER)")


@pytest.mark.parametrize("month", CLOSED)
async def test_the_invoices_of_a_closed_month_reconcile_to_the_cent(month: str, asked, home: Path, key) -> None:
    issue(home, key)

    async with asked() as client:
        answer = await call(client, "finops_reconcile_invoice", {"billing_period": month})

    wanted = key.execute(
        "SELECT billing_account_id, currency, invoiced FROM invoices WHERE billing_month = ?", [f"{month}-01"]
    ).fetchall()
    found = {(b["billing_account_id"], b["currency"]): b for b in answer["data"]}
    assert len(wanted) == len(found) == 4
    for account, currency, invoiced in wanted:
        bridge = found[account, currency]
        assert (bridge["state"], bridge["unexplained"]) == ("reconciled", "0.00")
        assert Decimal(bridge["invoiced"]) == Decimal(invoiced)
        steps = sum(Decimal(step["change"]) for step in bridge["steps"])
        assert Decimal(bridge["effective"]) + steps == Decimal(bridge["billed"])


async def test_effective_and_billed_cost_of_every_bill_are_the_answer_keys(asked, key) -> None:
    async with asked() as client:
        answer = await call(client, "finops_reconcile_invoice", {"billing_period": "2026-10"})

    wanted = key.execute(
        "SELECT billing_account_id, sum(effective_cost), sum(billed_cost) FROM cube"
        " WHERE billing_month = DATE '2026-10-01' GROUP BY 1"
    ).fetchall()
    assert {(b["billing_account_id"], Decimal(b["effective"]), Decimal(b["billed"])) for b in answer["data"]} == set(
        wanted
    )


async def test_a_missing_credit_on_an_invoice_is_named_to_the_cent(asked, home: Path, key) -> None:
    issue(
        home, key, "CAST(invoiced AS DECIMAL(38,2)) + CASE billing_account_id WHEN '418273650912' THEN 9696 ELSE 0 END"
    )

    async with asked() as client:
        answer = await call(client, "finops_reconcile_invoice", {"billing_period": "2026-10", "limit": 1})

    [bridge] = answer["data"]
    assert (bridge["billing_account_id"], bridge["state"]) == ("418273650912", "differs")
    assert bridge["unexplained"] == "9696.00"
    assert "credits have this amount (-9696.00)" in bridge["look_alikes"][0]


def true_figures(key: duckdb.DuckDBPyConnection, currency: str) -> dict[str, Decimal]:
    sums = ", ".join(f"sum({column})" for column in METRICS.values())
    row = key.execute(
        f"SELECT {sums} FROM cube WHERE charge_month = DATE '2026-10-01' AND currency = ?", [currency]
    ).fetchone()
    return dict(zip(METRICS, map(Decimal, row), strict=True))


async def test_a_true_claim_is_supported_in_every_basis_and_currency(asked, key) -> None:
    async with asked() as client:
        for currency in ("USD", "EUR", "JPY"):
            for metric, figure in true_figures(key, currency).items():
                cents = figure.quantize(Decimal("0.01"), ROUND_HALF_UP)
                claim = {"amount": str(cents), "currency": currency, "period": "2026-10", "metric": metric}
                answer = await call(client, "finops_verify_claim", claim)

                assert answer["verdict"] == "supported"
                assert Decimal(answer["figure"]) == figure
                assert answer["evidence"]["basis"] == metric


async def test_billed_for_effective_and_gross_for_net_are_recognised(asked, key) -> None:
    figures = true_figures(key, "USD")
    gross = key.execute(
        "SELECT sum(effective_cost) FROM cube WHERE charge_month = DATE '2026-10-01' AND currency = 'USD'"
        " AND charge_category <> 'Credit'"
    ).fetchone()[0]
    stated = {"BilledCost": figures["BilledCost"], "without credits (gross)": gross}

    async with asked() as client:
        for reading, figure in stated.items():
            claim = {"amount": f"{figure:.2f}", "currency": "USD", "period": "2026-10"}
            answer = await call(client, "finops_verify_claim", claim)

            assert answer["verdict"] == "not_supported"
            assert answer["readings"][0]["differs_in"] == [reading]


async def test_an_open_month_cannot_be_confirmed(asked) -> None:
    async with asked() as client:
        answer = await call(client, "finops_verify_claim", {"amount": "1", "currency": "USD", "period": "2026-11"})

    assert answer["verdict"] == "cannot_say"
    assert answer["notes"]


async def test_an_answer_is_pinned_and_replayed_by_another_process(asked) -> None:
    question = {"period": "2026-10", "group_by": ["ServiceName"], "limit": 3}
    async with asked() as client:
        answer = await call(client, "finops_query_costs", question)
    query_id = answer["evidence"]["query_id"]

    async with asked() as client:  # the first one is closed: only what was written is left
        again = await call(client, "finops_query_costs", question)
        replayed = await call(client, "finops_replay_answer", {"query_id": query_id, "pin_as": "October close"})
        refused = await client.call_tool("finops_replay_answer", {"query_id": "0123456789abcdef"})

    assert again["evidence"]["query_id"] == query_id
    assert (replayed["replayed"], replayed["pinned_as"]) == ("identical", "October close")
    assert replayed["recorded"] == {total["currency"]: total["amount"] for total in answer["totals"]}
    assert json.loads(refused.content[0].text)["error"]["code"] == "unknown_answer"
