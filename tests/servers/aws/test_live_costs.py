"""Costs of live AWS through MCP: two sources, one total; pages that fail; the purse."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import anyio
import pytest
from mcp import Client

from tests.clouds.aws.endpoint import Endpoint
from tests.servers.aws.conftest import Server, told

BY_ACCOUNT_AND_SERVICE = ["SubAccountId", "ServiceName"]
THREE_MONTHS = {"start": "2026-09-01", "end": "2026-12-01"}
OCTOBER = {"start": "2026-10-01", "end": "2026-11-01"}
ASK = "ce:GetCostAndUsage"


def by_key(answer: dict) -> dict[tuple, Decimal]:
    """Amounts by month, account and service to the cent."""
    sums: dict[tuple, Decimal] = defaultdict(Decimal)
    for line in answer["data"]:
        account, service = line["keys"]
        sums[line["bucket"], account, service] += Decimal(line["amount"])
    return {key: round(amount, 2) for key, amount in sums.items()}


def by_account(answer: dict) -> dict[str, Decimal]:
    return {line["keys"][0]: round(Decimal(line["amount"]), 2) for line in answer["data"]}


async def every_line(server, **arguments) -> dict:
    """All pages of one answer as one."""
    answer = await told(server, "query_costs", limit=200, **arguments)
    lines, cursor = list(answer["data"]), answer["pagination"].get("next_cursor")
    while cursor:
        page = await told(server, "query_costs", limit=200, cursor=cursor, **arguments)
        lines += page["data"]
        cursor = page["pagination"].get("next_cursor")
    return {**answer, "data": lines}


@pytest.mark.parametrize("metric", ["BilledCost", "EffectiveCost"])
async def test_cost_explorer_data_export_and_ledger_agree_to_the_cent(
    server: Server, aws_here: Endpoint, metric: str
) -> None:
    aws_here.page_sizes["ce"] = 40
    payer = aws_here.ledger.payers[0]
    asked = {**THREE_MONTHS, "metric": metric, "group_by": BY_ACCOUNT_AND_SERVICE, "granularity": "month"}

    first = server()
    exported = await every_line(first, source="export", **asked)
    explored = await every_line(first, source="api", **asked)
    paid = aws_here.spent
    again = await every_line(server(), source="api", **asked)

    column = {"BilledCost": "billed", "EffectiveCost": "effective"}[metric]
    ledger = {
        (row["month"], row["account"], row["service"]): round(row["amount"], 2)
        for row in aws_here.ledger.rows(
            "SELECT strftime(start_at, '%Y-%m-01') AS month, account, focus_service AS service,"
            f" sum({column}) AS amount FROM line WHERE payer = ? GROUP BY ALL",
            [payer],
        )
    }
    assert by_key(exported) == by_key(explored) == ledger
    assert by_key(again) == ledger
    assert len(ledger) > 60
    assert aws_here.spent == paid > Decimal("0.01")
    assert "cache" in again["freshness"][0]["origin"]


async def test_a_month_without_an_export_comes_from_cost_explorer_and_says_so(
    server: Server, aws_here: Endpoint, aws_sample: Path, tmp_path: Path
) -> None:
    bucket = tmp_path / "bucket"
    copied = aws_sample / "aws" / "costs" / "quillhaven-focus"
    for file in (one for one in copied.rglob("*") if one.is_file() and "2026-10" not in one.as_posix()):
        there = bucket / "quillhaven-focus" / file.relative_to(copied)
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(file.read_bytes())
    aws_here.buckets["quillhaven-billing"] = bucket
    asked = {**THREE_MONTHS, "metric": "BilledCost", "group_by": ["SubAccountId"]}

    mixed = await told(server(), "query_costs", **asked)
    whole = await told(server(home="other"), "query_costs", source="api", **asked)

    assert by_account(mixed) == by_account(whole)
    assert any("stand under the payer" in note for note in mixed["notes"])
    assert [round(Decimal(total["amount"]), 2) for total in mixed["totals"]] == [
        round(Decimal(total["amount"]), 2) for total in whole["totals"]
    ]
    origins = [fresh["origin"] for fresh in mixed["freshness"]]
    assert any(origin.startswith("Data Export s3://") for origin in origins)
    assert any(origin.startswith("Cost Explorer NetUnblendedCost") for origin in origins)
    assert any("2026-10-01 to 2026-11-01: BilledCost is NetUnblendedCost" in note for note in mixed["notes"])
    assert aws_here.calls(ASK) == [200, 200]


async def test_what_cost_explorer_cannot_answer_is_refused_with_what_it_can(server: Server) -> None:
    refused = await told(server(), "query_costs", source="api", group_by=["ResourceId"], **OCTOBER)
    list_cost = await told(server(), "query_costs", source="api", metric="ListCost", **OCTOBER)

    assert refused["error"]["code"] == list_cost["error"]["code"] == "source_not_enabled"
    assert "SubAccountId" in refused["error"]["hint"]
    assert "BilledCost" in list_cost["error"]["hint"]


FAULTS = {
    "throttle": lambda faults: faults.throttle(ASK, times=2, after=1),
    "500": lambda faults: faults.server_error(ASK, times=2, after=1),
    "503": lambda faults: faults.server_error(ASK, status=503, after=2),
    "request changed": lambda faults: faults.request_changed(ASK, after=2),
    "page twice": lambda faults: faults.duplicate_page(ASK, after=1),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_between_pages_neither_loses_nor_doubles_anything(
    server: Server, aws_here: Endpoint, fault: str
) -> None:
    asked = {**THREE_MONTHS, "group_by": BY_ACCOUNT_AND_SERVICE, "granularity": "month", "source": "api"}
    sound = await every_line(server(home="sound"), **asked)
    aws_here.page_sizes["ce"] = 25
    FAULTS[fault](aws_here.faults)
    before = aws_here.spent

    faulty = await every_line(server(), **asked)

    assert faulty["data"] == sound["data"]
    assert faulty["totals"] == sound["totals"]
    assert aws_here.spent - before >= Decimal("0.03")


async def test_expired_credentials_between_pages_are_an_error_not_half_an_answer(
    server: Server, aws_here: Endpoint
) -> None:
    aws_here.page_sizes["ce"] = 25
    aws_here.faults.expired_token(ASK, after=2)
    live = server()

    refused = await told(live, "query_costs", source="api", group_by=BY_ACCOUNT_AND_SERVICE, **THREE_MONTHS)
    aws_here.faults.clear()
    answered = await told(live, "query_costs", source="api", group_by=BY_ACCOUNT_AND_SERVICE, **THREE_MONTHS)

    assert refused["error"]["code"] == "credentials_expired"
    assert answered["totals"]


async def test_the_purse_counts_every_page_and_stops_hard_over_restarts(server: Server, aws_here: Endpoint) -> None:
    aws_here.page_sizes["ce"] = 40
    small = {"daily_purse": Decimal("0.06")}
    asked = {**THREE_MONTHS, "source": "api"}

    await told(server(**small), "query_costs", **asked)
    await told(server(**small), "query_costs", metric="BilledCost", **asked)
    card = await told(server(**small), "describe_server")
    stopped = await told(server(**small), "query_costs", group_by=BY_ACCOUNT_AND_SERVICE, granularity="day", **asked)
    after = await told(server(**small), "query_costs", group_by=["RegionId"], **asked)

    assert card["purses"] == [{"name": "aws-cost-explorer", "unit": "USD a day", "limit": "0.06", "left": "0.04"}]
    assert stopped["error"]["code"] == after["error"]["code"] == "purse_empty"
    assert stopped["error"]["details"] == {
        "purse": "aws-cost-explorer", "limit": "0.06", "spent": "0.06", "unit": "USD", "resets_at": "2026-11-25",
    }  # fmt: skip
    assert aws_here.spent == Decimal("0.06")


async def test_a_refused_request_costs_the_purse_nothing(server: Server, aws_here: Endpoint) -> None:
    aws_here.faults.access_denied(ASK)
    live = server()

    refused = await told(live, "query_costs", source="api", **OCTOBER)
    card = await told(live, "describe_server")

    assert refused["error"]["code"] == "permission_denied"
    assert refused["error"]["details"]["permission"] == ASK
    assert card["purses"][0]["left"] == "1.00"
    assert card["access"]["missing_permissions"] == [
        {"permission": ASK, "on": aws_here.ledger.payers[0], "tools": ["aws_query_costs"]}
    ]


async def test_identical_questions_in_flight_share_one_request(server: Server, aws_here: Endpoint) -> None:
    aws_here.faults.slow(ASK, 0.3)
    answers: list = []
    async with Client(server()) as client:

        async def ask() -> None:
            answers.append(await client.call_tool("aws_query_costs", {**OCTOBER, "source": "api"}))

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(ask)

    assert aws_here.calls(ASK) == [200]
    assert len({str(answer.structured_content["totals"]) for answer in answers}) == 1


async def test_one_payer_that_refuses_is_a_gap_with_its_reason(
    server: Server, aws_here: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = aws_here.ledger.payers
    operator = aws_here.identities.operator(second)
    credentials = tmp_path / "credentials"
    credentials.write_text(
        f"[japan]\naws_access_key_id = {operator.key}\naws_secret_access_key = {operator.secret}\n", encoding="utf-8"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    settings = {"payers": (first, second), "profiles": {second: "japan"}}

    both = await told(server(**settings), "query_costs", metric="BilledCost", **OCTOBER)
    aws_here.faults.access_denied("bcm-data-exports:*", account=second)
    aws_here.faults.access_denied("cur:*", account=second)
    aws_here.faults.access_denied("ce:*", account=second)
    one = await told(server(home="other", **settings), "query_costs", metric="BilledCost", **OCTOBER)

    assert {total["currency"] for total in both["totals"]} == {"JPY", "USD"}
    assert both["coverage"]["complete"]
    assert [total["currency"] for total in one["totals"]] == ["USD"]
    assert not one["coverage"]["complete"]
    assert any(gap["code"] == "permission_denied" and second in gap["message"] for gap in one["coverage"]["gaps"])


@pytest.mark.parametrize("keep", [0.0, 0.4])
async def test_a_reply_that_is_cut_off_is_no_empty_month(server: Server, aws_here: Endpoint, keep: float) -> None:
    aws_here.faults.truncate(ASK, keep=keep, times=9)
    cut_off = await told(server(), "query_costs", source="api", **OCTOBER)
    aws_here.faults.clear()
    whole = await told(server(), "query_costs", source="api", **OCTOBER)

    assert cut_off["error"]["code"] == "upstream_unavailable"
    assert Decimal(whole["totals"][0]["amount"]) > 0
