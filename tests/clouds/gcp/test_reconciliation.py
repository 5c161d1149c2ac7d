"""One ledger behind every export: detailed, standard and FOCUS agree to the cent, and with the answer key.

The rules of credits: detailed and standard are netted as cost + sum(credits.amount), commitments' and promotions' alike;
that is FOCUS's BilledCost. An invoice month is `invoice.month` there and `x_InvoiceMonth` here.
"""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from google.cloud import bigquery

from tests.clouds.gcp.endpoint import Endpoint
from tests.clouds.gcp.exports import STANDARD

NET = (
    "SELECT invoice.month AS month, project.id AS project, service.description AS service,"
    " SUM(CAST(cost AS NUMERIC)) + SUM(IFNULL((SELECT SUM(CAST(c.amount AS NUMERIC)) FROM UNNEST(t.credits) AS c), 0))"
    " AS net FROM `{0}` AS t GROUP BY 1, 2, 3"
)
FOCUS = (
    "SELECT x_InvoiceMonth AS month, SubAccountId AS project, ServiceName AS service, SUM(BilledCost) AS net FROM `{0}`"
    " GROUP BY 1, 2, 3"
)
Sums = dict[tuple[str, str | None, str], Decimal]


def sums(endpoint: Endpoint, pattern: str, sql: str) -> Sums:
    found: Sums = defaultdict(Decimal)
    tables = [
        one
        for dataset in endpoint.warehouse.datasets.values()
        for one in dataset.tables.values()
        if pattern in one.name
    ]
    with bigquery.Client("qh-billing", endpoint.credentials(), client_options=endpoint.options()) as client:
        for table in tables:
            for row in client.query(sql.format(f"{table.project}.{table.dataset}.{table.name}")).result():
                found[row["month"], row["project"], row["service"]] += row["net"]
    return {key: round(amount, 2) for key, amount in found.items()}


@pytest.mark.parametrize("fixture", ["gcp", "two_accounts"])
def test_detailed_standard_and_focus_exports_agree_to_the_cent(fixture: str, request, gcp_sample: Path) -> None:
    endpoint: Endpoint = request.getfixturevalue(fixture)

    detailed = sums(endpoint, "gcp_billing_export_resource_v1_", NET)
    standard = sums(endpoint, "gcp_billing_export_v1_", NET)
    focus = sums(endpoint, "gcp_billing_export_focus_", FOCUS)

    assert len(detailed) > 60
    assert {key: amount for key, amount in focus.items() if amount or key in detailed} == detailed
    assert standard == detailed
    with duckdb.connect(":memory:") as connection:
        [(expected,)] = connection.execute(
            f"SELECT sum(billed_cost) FROM read_csv('{gcp_sample}/answer-key/totals.csv',"
            " types={'billed_cost': 'DECIMAL(38,12)'}) WHERE provider = 'gcp'"
        ).fetchall()
    assert abs(sum(detailed.values()) - expected) < Decimal("0.5")


def test_the_ledgers_totals_of_each_month_are_the_answer_keys_exactly(gcp: Endpoint, gcp_sample: Path) -> None:
    exact = NET.replace(", project.id AS project, service.description AS service", "").replace("1, 2, 3", "1")
    table = "qh-billing.billing_export.gcp_billing_export_resource_v1_01A7F3_9C42E8_D5B610"

    with bigquery.Client("qh-billing", gcp.credentials(), client_options=gcp.options()) as client:
        said = {row["month"]: row["net"] for row in client.query(exact.format(table)).result()}

    with duckdb.connect(":memory:") as connection:
        expected = connection.execute(
            f"SELECT strftime(billing_month, '%Y%m'), billed_cost FROM read_csv('{gcp_sample}/answer-key/totals.csv',"
            " types={'billed_cost': 'DECIMAL(38,12)'}) WHERE provider = 'gcp'"
        ).fetchall()
    assert said == {month: round(amount, 9) for month, amount in expected}


def test_each_billing_account_has_its_own_rows(two_accounts: Endpoint) -> None:
    first, second = (
        sums(two_accounts, f"gcp_billing_export_resource_v1_{account.replace('-', '_')}", NET)
        for account in two_accounts.ledger.accounts
    )

    paid_by_second = {
        one["id"] for one in two_accounts.ledger.projects if one["billing_account"] == "0B52C9-7E10D4-AA93F1"
    }
    assert {project for _, project, _ in second} <= paid_by_second
    assert not {project for _, project, _ in first} & paid_by_second
    assert second


def test_the_standard_export_adds_up_resources_and_merges_their_credits(gcp: Endpoint) -> None:
    with gcp.ledger.cursor() as cursor, duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        rows = cursor.sql("FROM detailed").to_arrow_table()
        connection.from_arrow(rows).create_view("once")
        connection.execute("CREATE TABLE detailed AS FROM once UNION ALL FROM once")
        connection.execute(STANDARD)
        twice = connection.execute(
            "SELECT count(*), round(sum(cost), 4), max(len(credits)), round(sum(list_sum(list_transform(credits, lambda c: c.amount))), 4)"
            " FROM standard"
        ).fetchall()

    [once] = gcp.ledger.rows(
        "SELECT count(*) AS n, round(2 * sum(cost), 4) AS cost, max(len(credits)) AS most,"
        " round(2 * sum(list_sum(list_transform(credits, lambda c: c.amount))), 4) AS credits FROM standard"
    )
    assert twice == [tuple(once.values())]
