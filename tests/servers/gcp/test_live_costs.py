"""Cost questions to live Google Cloud through a real client: by queries, by the mirror, by both; never unpaid."""

from decimal import Decimal

import pytest

from servers.gcp.server import build_server
from servers.gcp.settings import DatasetName, GcpSettings
from servers.kit.settings import Settings
from tests.clouds.gcp.bq_views import add_focus_view
from tests.clouds.gcp.endpoint import Endpoint
from tests.servers.gcp.conftest import Server, told, wire
from tests.servers.gcp.test_mirror import DETAILED, STANDARD, open_month

PERIOD = {"start": "2026-09-01", "end": "2026-12-01"}


def amounts(answer, *, bucket: bool = False) -> dict:
    return {
        (*((line["bucket"],) if bucket else ()), *line["keys"]): round(Decimal(line["amount"]), 2)
        for line in answer["data"]
    }


def truth(endpoint: Endpoint, sql: str) -> dict:
    return {tuple(row.values())[:-1]: round(Decimal(row["amount"] or 0), 2) for row in endpoint.ledger.rows(sql)}


GROSS = "sum(CAST(CAST(cost AS VARCHAR) AS DECIMAL(38,9)))"
CREDITS = (
    "COALESCE(sum(list_sum(list_transform(credits, lambda c: CAST(CAST(c.amount AS VARCHAR) AS DECIMAL(38,9))))), 0)"
)


async def every_line(server, **arguments) -> dict:
    """All pages of one answer as one."""
    answer = await told(server, "query_costs", limit=200, **arguments)
    lines, cursor = list(answer["data"]), answer["pagination"].get("next_cursor")
    while cursor:
        page = await told(server, "query_costs", limit=200, cursor=cursor, **arguments)
        lines += page["data"]
        cursor = page["pagination"].get("next_cursor")
    return {**answer, "data": lines}


BY_INVOICE = {
    "group_by": ["BillingPeriodStart", "SubAccountId", "ServiceName"],
    "metric": "BilledCost",
    "start": "2026-08-01",
    "end": "2027-02-01",
}


async def test_mirror_queries_and_ledger_agree_to_the_cent_by_invoice_month_project_and_service(
    server: Server, signed_in: Endpoint
) -> None:
    expected = truth(
        signed_in,
        "SELECT strftime(strptime(invoice.month, '%Y%m'), '%Y-%m-%d %H:%M:%S'), project.id, service.description,"
        f" {GROSS} + {CREDITS} AS amount FROM detailed GROUP BY ALL",
    )
    synced = server()
    assert (await told(synced, "export_costs"))["coverage"]["complete"]

    for asked, built in (
        ({"source": "export"}, synced),
        ({"source": "api"}, server(home="standard", prefer="standard")),
        ({"source": "api"}, server(home="detailed", prefer="detailed")),
        ({"source": "api"}, server(home="focus", prefer="focus")),
    ):
        found = amounts(await every_line(built, **asked, **BY_INVOICE))
        assert {key: amount for key, amount in found.items() if amount or key in expected} == expected


async def test_a_question_without_a_mirror_is_one_paid_query(server: Server, signed_in: Endpoint) -> None:
    answer = await told(server(), "query_costs", group_by=["ServiceName"], metric="BilledCost", **PERIOD)

    [fresh] = answer["freshness"]
    assert STANDARD in fresh["origin"]
    assert f"{signed_in.warehouse.billed} bytes billed" in fresh["origin"]
    assert answer["coverage"]["complete"]


async def test_equal_questions_are_billed_once(server: Server, signed_in: Endpoint) -> None:
    first = await told(server(), "query_costs", **PERIOD, group_by=["ServiceName"])
    billed = signed_in.warehouse.billed

    again = await told(server(), "query_costs", **PERIOD, group_by=["ServiceName"])

    assert again["data"] == first["data"]
    assert signed_in.warehouse.billed == billed
    assert "nothing billed" in again["freshness"][0]["origin"]


TEAM = (
    "SELECT COALESCE(list_filter(labels, lambda l: l.key = 'team')[1].value, list_filter(project.labels,"
    f" lambda l: l.key = 'team')[1].value), {GROSS} + {CREDITS} AS amount FROM detailed GROUP BY ALL"
)
APART = (
    f"SELECT CAST(NULL AS VARCHAR), {GROSS} AS amount FROM detailed UNION ALL SELECT c.type,"
    " sum(CAST(CAST(c.amount AS VARCHAR) AS DECIMAL(38,9))) FROM (SELECT unnest(credits) AS c FROM detailed) GROUP BY ALL"
)
WEEKS = (
    "SELECT strftime(date_trunc('week', usage_start_time), '%Y-%m-%d'),"
    f" {GROSS} + {CREDITS} AS amount FROM detailed GROUP BY ALL"
)
USED = f"SELECT strftime(usage_start_time, '%Y-%m-01'), project.id, {GROSS} AS amount FROM detailed GROUP BY ALL"


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ({"group_by": ["SubAccountId"], "granularity": "month", "metric": "ContractedCost"}, USED),
        ({"group_by": ["tags.team"], "metric": "BilledCost"}, TEAM),
        ({"group_by": ["x_CreditType"], "metric": "BilledCost"}, APART),
        ({"granularity": "week", "metric": "BilledCost"}, WEEKS),
    ],
)
async def test_columns_months_tags_and_credits_are_the_ledgers(
    server: Server, signed_in: Endpoint, question, sql
) -> None:
    everything = {"start": "2026-08-01", "end": "2027-02-01"}

    answer = await every_line(server(), source="api", **everything, **question)

    assert amounts(answer, bucket="granularity" in question) == truth(signed_in, sql)


async def test_filters_are_values_and_never_sql(server: Server) -> None:
    wanted = {"column": "ServiceName", "operator": "in", "values": ["Compute Engine", "x') OR 1=1 --"]}

    answer = await told(server(), "query_costs", **PERIOD, group_by=["ServiceName"], filters=[wanted])

    assert {line["keys"][0] for line in answer["data"]} == {"Compute Engine"}


async def test_resources_need_the_detailed_export_and_it_is_named(server: Server) -> None:
    answer = await told(server(), "query_costs", **PERIOD, group_by=["ResourceId"], metric="BilledCost", limit=5)

    assert DETAILED in answer["freshness"][0]["origin"]
    assert any(line["keys"][0] for line in answer["data"])


async def test_an_empty_purse_refuses_before_anything_is_sent(server: Server, signed_in: Endpoint) -> None:
    answer = await told(server(daily_bytes=0), "query_costs", **PERIOD)

    assert answer["error"]["code"] == "purse_empty"
    assert signed_in.warehouse.billed == 0


async def test_more_bytes_than_were_estimated_are_refused_by_bigquery_itself(
    server: Server, signed_in: Endpoint
) -> None:
    grown = signed_in.jobs._pay

    def growing(job, query, limit) -> None:
        job.estimate += 2**34  # the table grew between the dry run and the query
        grown(job, query, limit)

    signed_in.jobs._pay = growing
    live = server()

    answer = await told(live, "query_costs", **PERIOD)

    assert answer["error"]["code"] == "invalid_argument"
    assert "bytes billed" in answer["error"]["message"]
    assert signed_in.warehouse.billed == 0
    card = await told(live, "describe_server")
    assert {purse["left"] for purse in card["purses"]} == {purse["limit"] for purse in card["purses"]}


def net(endpoint: Endpoint, start: str, end: str) -> Decimal:
    [row] = endpoint.ledger.rows(
        f"SELECT {GROSS} + {CREDITS} AS amount FROM detailed WHERE usage_start_time >= TIMESTAMPTZ '{start} 00:00+00'"
        f" AND usage_start_time < TIMESTAMPTZ '{end} 00:00+00'"
    )
    return round(row["amount"], 2)


async def test_synced_bills_answer_for_nothing(server: Server, signed_in: Endpoint) -> None:
    open_month(signed_in, DETAILED)
    live = server()
    assert (await told(live, "export_costs"))["coverage"]["complete"]
    billed = signed_in.warehouse.billed

    answer = await told(live, "query_costs", start="2026-11-06", end="2026-11-20", metric="BilledCost")

    assert signed_in.warehouse.billed == billed
    assert round(Decimal(answer["totals"][0]["amount"]), 2) == net(signed_in, "2026-11-06", "2026-11-20")
    assert DETAILED in answer["freshness"][0]["origin"]


async def test_an_account_that_is_not_synced_yet_is_queried_beside_the_synced_one(
    two_accounts, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(two_accounts.key_file(tmp_path)))
    second = "gcp_billing_export_resource_v1_0B52C9_7E10D4_AA93F1"
    open_month(two_accounts, DETAILED, second)
    two_accounts.policy.deny("bigquery.tables.getData", f"*{second}")
    live = build_server(
        Settings(home=tmp_path / "home"),
        GcpSettings(live=True, patience_seconds=6, job_seconds=3),
        lambda: two_accounts.now,
        wire(two_accounts),
    )
    asked = {"start": "2026-11-06", "end": "2026-11-20", "metric": "BilledCost"}
    assert [gap["code"] for gap in (await told(live, "export_costs"))["coverage"]["gaps"]] == ["permission_denied"]
    refused = await told(live, "query_costs", **asked)
    assert {gap["code"] for gap in refused["coverage"]["gaps"]} == {"permission_denied"}
    two_accounts.policy.denials.clear()

    answer = await told(live, "query_costs", **asked)

    assert round(Decimal(answer["totals"][0]["amount"]), 2) == net(two_accounts, "2026-11-06", "2026-11-20")
    assert {fresh["origin"].split()[0] for fresh in answer["freshness"]} == {"detailed", "query"}


async def test_where_only_a_focus_view_may_be_seen_it_is_queried(server: Server, signed_in: Endpoint) -> None:
    view = add_focus_view(signed_in.warehouse)
    signed_in.warehouse.add_dataset(view.project, "views", "EU").tables[view.name] = view
    del signed_in.warehouse.dataset("billing_export").tables[view.name]
    view.dataset = "views"
    live = server(datasets=(DatasetName(project=view.project, dataset="views"),))

    answer = await told(
        live, "query_costs", start="2026-08-01", end="2027-02-01", metric="BilledCost", group_by=["RegionId"]
    )

    assert round(Decimal(answer["totals"][0]["amount"]), 2) == net(signed_in, "2026-08-01", "2027-02-01")
    assert "focus view export in qh-billing.views.focus_v1_0" in answer["freshness"][0]["origin"]
    assert (await told(live, "export_costs"))["error"]["code"] == "source_not_enabled"
