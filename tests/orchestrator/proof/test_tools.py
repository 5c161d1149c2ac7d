"""The tools of proof through a client: answers that cannot be kept are still answers, and every refusal has its form."""

import json
from pathlib import Path

import pytest
from mcp import Client

from orchestrator.ledger.ledger import Ledger
from orchestrator.server import build_orchestrator
from orchestrator.settings import load_settings
from tests.builders import NOW, cost_row, export_part

MOST_CHARACTERS = 3_200
"""About 750 tokens of tools/list."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose ledger holds October."""
    home = tmp_path / "home"
    ledger = Ledger(home / "ledger")
    rows = [cost_row(Cost="30.25", ChargePeriodEnd="2026-11-01T00:00:00")]
    ledger.adopt([export_part(tmp_path / "in", rows)], [], now=NOW, reason="test")
    ledger.close()
    return home


def client(home: Path) -> Client:
    return Client(build_orchestrator(load_settings({"SKYLEDGER_HOME": str(home)}), []))


async def test_a_damaged_state_file_costs_the_replay_and_not_the_answer(home: Path) -> None:
    (home / "ledger" / "state.sqlite").write_text("no database at all, " * 100)

    async with client(home) as asked:
        answer = await asked.call_tool("finops_query_costs", {"period": "2026-10"})
        replay = await asked.call_tool("finops_replay_answer", {"query_id": "0" * 16})

    assert not answer.is_error
    assert answer.structured_content["totals"][0]["amount"] == "30.25"
    assert json.loads(replay.content[0].text)["error"]["code"] == "ledger_corrupt"


async def test_an_invoice_in_the_home_folder_is_found_and_a_broken_one_is_refused(home: Path) -> None:
    invoices = home / "invoices"
    invoices.mkdir()
    async with client(home) as asked:
        before = await asked.call_tool("finops_reconcile_invoice", {"billing_period": "2026-10"})
        (invoices / "aws.csv").write_text("payer,currency,billing month,amount\n100,USD,2026-10,30.25\n")
        after = await asked.call_tool("finops_reconcile_invoice", {"billing_period": "2026-10"})
        (invoices / "aws.csv").write_text("payer,currency\n100,USD\n")
        broken = await asked.call_tool("finops_reconcile_invoice", {"billing_period": "2026-10"})

    states = [result.structured_content["data"][0]["state"] for result in (before, after)]
    assert states == ["invoice_missing", "reconciled"]
    error = json.loads(broken.content[0].text)["error"]
    assert (error["code"], error["details"]["file"]) == ("unreadable_export", "aws.csv")


async def test_wrong_arguments_are_refused_in_the_one_form(home: Path) -> None:
    wrong = [
        ("finops_verify_claim", {"amount": "about 30", "currency": "USD", "period": "2026-10"}, "invalid_argument"),
        ("finops_verify_claim", {"amount": "30", "currency": "CHF", "period": "2026-10"}, "invalid_argument"),
        ("finops_verify_claim", {"amount": "30", "currency": "USD", "period": "October"}, "invalid_period"),
        ("finops_reconcile_invoice", {"billing_period": "2026"}, "invalid_period"),
        ("finops_reconcile_invoice", {"billing_period": "2026-10", "provider": "aw"}, "unknown_value"),
        ("finops_reconcile_invoice", {"billing_period": "2020-01"}, "data_not_ready"),
        ("finops_replay_answer", {"query_id": "nothing"}, "unknown_answer"),
    ]
    async with client(home) as asked:
        for tool, arguments, code in wrong:
            result = await asked.call_tool(tool, arguments)

            assert result.is_error
            error = json.loads(result.content[0].text)["error"]
            assert (error["code"], bool(error["hint"])) == (code, True)


async def test_typical_answers_and_definitions_are_small(home: Path) -> None:
    async with client(home) as asked:
        tools = {tool.name: tool for tool in (await asked.list_tools()).tools}
        claim = await asked.call_tool("finops_verify_claim", {"amount": "31", "currency": "USD", "period": "2026-10"})
        bridge = await asked.call_tool("finops_reconcile_invoice", {"billing_period": "2026-10"})

    for name in ("finops_verify_claim", "finops_reconcile_invoice", "finops_replay_answer"):
        listed = tools[name].model_dump(mode="json", by_alias=True, exclude_none=True)
        assert len(json.dumps(listed, separators=(",", ":"))) <= MOST_CHARACTERS
    assert all(len(result.content[0].text.encode()) <= 2_000 for result in (claim, bridge))
