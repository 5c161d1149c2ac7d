"""One ledger behind every reply: Cost Explorer, the Data Export and the answer key agree to the cent."""

import io
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import boto3
import duckdb
import pytest

from tests.clouds.aws.endpoint import Endpoint

SPAN = {"Start": "2026-09-01", "End": "2026-12-01"}
BY_ACCOUNT_AND_SERVICE = [{"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}, {"Type": "DIMENSION", "Key": "SERVICE"}]
FOCUS_NAMES = {
    "Amazon Elastic Compute Cloud - Compute": "Amazon Elastic Compute Cloud",
    "EC2 - Other": "Amazon Elastic Compute Cloud",
}


def by_cost_explorer(metric: str) -> dict[tuple[str, str, str], Decimal]:
    found: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    client, token = boto3.client("ce"), {}
    while True:
        answer = client.get_cost_and_usage(
            TimePeriod=SPAN, Granularity="MONTHLY", Metrics=[metric], GroupBy=BY_ACCOUNT_AND_SERVICE, **token
        )
        for result in answer["ResultsByTime"]:
            for group in result["Groups"]:
                account, service = group["Keys"]
                key = (result["TimePeriod"]["Start"][:7], account, FOCUS_NAMES.get(service, service))
                found[key] += Decimal(group["Metrics"][metric]["Amount"])
        if "NextPageToken" not in answer:
            return found
        token = {"NextPageToken": answer["NextPageToken"]}


def by_data_export(column: str, export: str) -> dict[tuple[str, str, str], Decimal]:
    client = boto3.client("s3")
    [bucket] = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
    found: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    listed = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"exports/{export}/data/")
    for item in (item for page in listed for item in page["Contents"]):
        body = io.BytesIO(client.get_object(Bucket=bucket, Key=item["Key"])["Body"].read())
        with duckdb.connect(":memory:") as connection:
            rows = connection.from_arrow(_arrow(body)).query(
                "bill",
                "SELECT strftime(ChargePeriodStart, '%Y-%m'), COALESCE(SubAccountId, BillingAccountId), ServiceName,"
                f" sum(CAST(CAST({column} AS VARCHAR) AS DECIMAL(38,12))) FROM bill GROUP BY ALL",
            )
            for month, account, service, amount in rows.fetchall():
                found[month, account, service] += amount
    return found


def _arrow(body: io.BytesIO):
    import pyarrow.parquet  # noqa: PLC0415

    return pyarrow.parquet.read_table(body)


@pytest.mark.parametrize(("metric", "column"), [("UnblendedCost", "BilledCost"), ("NetAmortizedCost", "EffectiveCost")])
def test_cost_explorer_and_the_data_export_agree_to_the_cent(aws_here: Endpoint, metric: str, column: str) -> None:
    aws_here.page_sizes["ce"] = 40

    asked, exported = by_cost_explorer(metric), by_data_export(column, "quillhaven-focus")

    assert {key: round(amount, 2) for key, amount in asked.items()} == {
        key: round(amount, 2) for key, amount in exported.items()
    }
    assert len(asked) > 60


@pytest.mark.parametrize("payer", [0, 1])
def test_cost_explorer_agrees_with_the_answer_key(aws: Endpoint, aws_sample: Path, payer: int, monkeypatch) -> None:
    number = aws.ledger.payers[payer]
    for name, value in aws.environment(number).items():
        monkeypatch.setenv(name, value)

    answer = boto3.client("ce").get_cost_and_usage(TimePeriod=SPAN, Granularity="MONTHLY", Metrics=["UnblendedCost"])

    with duckdb.connect(":memory:") as connection:
        [(expected,)] = connection.execute(
            f"SELECT sum(billed_cost) FROM read_csv('{aws_sample}/answer-key/totals.csv', all_varchar=false,"
            " types={'billing_account_id': 'VARCHAR', 'billed_cost': 'DECIMAL(38,12)'}) WHERE billing_account_id = ?",
            [number],
        ).fetchall()
    total = sum(Decimal(result["Total"]["UnblendedCost"]["Amount"]) for result in answer["ResultsByTime"])
    assert abs(total - expected) < Decimal("0.000001")
