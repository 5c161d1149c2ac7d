"""The services beside Cost Explorer: each figure is the ledger's, each page and region its own."""

import io
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.clouds.aws.endpoint import Endpoint

LINUX = {
    "operatingSystem": "Linux",
    "preInstalledSw": "NA",
    "tenancy": "Shared",
    "capacitystatus": "Used",
    "marketoption": "OnDemand",
    "operation": "RunInstances",
    "licenseModel": "No License required",
    "regionCode": "us-east-1",
}


def member(account: str, region: str = "us-east-1") -> boto3.Session:
    """A session in a member account."""
    role = f"arn:aws:iam::{account}:role/SkyLedgerReadOnly"
    given = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region)


def advised(aws: Endpoint, kind: str) -> dict:
    """One recommendation of the sample for a kind of resource in the first payer's organisation."""
    [first, *_] = aws.ledger.rows(
        "SELECT * FROM advice WHERE resource_type = ? AND currency = 'USD' AND resource_id NOT LIKE '%:cluster:%' ORDER BY recommendation_id",
        [kind],
    )
    return first


def test_the_export_leads_to_its_objects_and_they_are_parquet(aws_here: Endpoint) -> None:
    exports = boto3.client("bcm-data-exports")
    [listed] = exports.list_exports()["Exports"]
    export = exports.get_export(ExportArn=listed["ExportArn"])["Export"]
    place = export["DestinationConfigurations"]["S3Destination"]
    bucket, root = place["S3Bucket"], f"{place['S3Prefix']}/{export['Name']}"
    client = boto3.client("s3")
    aws_here.page_sizes["s3"] = 2

    pages = list(client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{root}/metadata/"))
    manifests = [
        json.load(client.get_object(Bucket=bucket, Key=o["Key"])["Body"]) for p in pages for o in p["Contents"]
    ]

    assert [len(page["Contents"]) for page in pages] == [2, 1]
    assert len(manifests) == len(exports.list_executions(ExportArn=listed["ExportArn"])["Executions"])
    for uri in (uri for manifest in manifests for uri in manifest["dataFiles"]):
        key = uri.removeprefix(f"s3://{bucket}/")
        head = client.head_object(Bucket=bucket, Key=key)
        body = client.get_object(Bucket=bucket, Key=key, Range=f"bytes={head['ContentLength'] - 4}-")["Body"].read()
        assert body == b"PAR1"
    assert boto3.client("cur").describe_report_definitions()["ReportDefinitions"] == []


@pytest.mark.usefixtures("aws_here")
def test_a_whole_object_downloads_in_parts() -> None:
    client, key = (
        boto3.client("s3"),
        "exports/quillhaven-focus/metadata/BILLING_PERIOD=2026-10/quillhaven-focus-Manifest.json",
    )
    whole = io.BytesIO()
    client.download_fileobj("quillhaven-billing", key, whole)

    size = client.head_object(Bucket="quillhaven-billing", Key=key)["ContentLength"]
    first = client.get_object(Bucket="quillhaven-billing", Key=key, Range="bytes=0-99")["Body"].read()
    assert len(whole.getvalue()) == size
    assert first == whole.getvalue()[:100]
    with pytest.raises(ClientError, match="NoSuchKey"):
        client.get_object(Bucket="quillhaven-billing", Key="exports/nothing")


def test_the_account_tree_reaches_every_account_once(aws_here: Endpoint) -> None:
    client = boto3.client("organizations")
    aws_here.page_sizes["organizations"] = 20

    def below(parent: str) -> Iterator[str]:
        for page in client.get_paginator("list_accounts_for_parent").paginate(ParentId=parent):
            yield from (account["Id"] for account in page["Accounts"])
        for page in client.get_paginator("list_organizational_units_for_parent").paginate(ParentId=parent):
            for unit in page["OrganizationalUnits"]:
                yield from below(unit["Id"])

    [root] = client.list_roots()["Roots"]
    everyone = [a["Id"] for page in client.get_paginator("list_accounts").paginate() for a in page["Accounts"]]

    assert sorted(below(root["Id"])) == sorted(everyone)
    assert client.describe_organization()["Organization"]["MasterAccountId"] in everyone
    tags = client.list_tags_for_resource(ResourceId=str(aws_here.ledger.accounts[0]["id"]))["Tags"]
    assert {tag["Key"] for tag in tags} == {"team", "environment"}


def test_budgets_say_what_their_accounts_have_spent(aws_here: Endpoint) -> None:
    payer = aws_here.ledger.payers[0]

    found = boto3.client("budgets").describe_budgets(AccountId=payer)["Budgets"]

    spent = sum(Decimal(budget["CalculatedSpend"]["ActualSpend"]["Amount"]) for budget in found)
    [expected] = aws_here.ledger.rows(
        "SELECT sum(effective) AS cost FROM line WHERE payer = ? AND start_at >= DATE '2026-11-01' AND account <> payer",
        [payer],
    )
    assert spent == round(expected["cost"], 10)
    with pytest.raises(ClientError, match="AccessDenied"):
        boto3.client("budgets").describe_budgets(AccountId=aws_here.ledger.payers[1])


def test_invoices_are_what_was_billed_to_the_cent(aws_here: Endpoint) -> None:
    selector = {"ResourceType": "ACCOUNT_ID", "Value": aws_here.ledger.payers[0]}
    client = boto3.client("invoicing")

    [invoice] = client.list_invoice_summaries(Selector=selector, Filter={"BillingPeriod": {"Month": 10, "Year": 2026}})[
        "InvoiceSummaries"
    ]

    [billed] = aws_here.ledger.rows(
        'SELECT sum("BilledCost") AS total FROM invoice_detail WHERE "InvoiceId" = ?', [invoice["InvoiceId"]]
    )
    assert Decimal(invoice["BaseCurrencyAmount"]["TotalAmount"]) == billed["total"]
    with pytest.raises(ClientError, match="ValidationException"):
        client.list_invoice_summaries(Selector=selector)


@pytest.mark.parametrize("payer", [0, 1])
def test_savings_plans_are_the_payers_own_in_dollars(aws: Endpoint, monkeypatch, payer: int) -> None:
    for name, value in aws.environment(aws.ledger.payers[payer]).items():
        monkeypatch.setenv(name, value)

    plans = boto3.client("savingsplans").describe_savings_plans(states=["active", "retired"])["savingsPlans"]

    assert len(plans) == (2, 1)[payer]
    assert {plan["currency"] for plan in plans} == {"USD"}
    assert all(Decimal(plan["commitment"]) < 100 for plan in plans)


def test_a_price_filter_that_forgets_the_tenancy_finds_three_prices(aws_here: Endpoint) -> None:
    client = boto3.client("pricing")

    def prices(**without: str) -> list[str]:
        fields = {name: value for name, value in LINUX.items() if name not in without}
        filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in fields.items()]
        filters.append({"Type": "EQUALS", "Field": "instanceType", "Value": "r6i.4xlarge"})
        found = [
            json.loads(text)
            for page in client.get_paginator("get_products").paginate(ServiceCode="AmazonEC2", Filters=filters)
            for text in page["PriceList"]
        ]
        return sorted(
            dimension["pricePerUnit"]["USD"]
            for product in found
            for term in product["terms"]["OnDemand"].values()
            for dimension in term["priceDimensions"].values()
        )

    [listed] = aws_here.ledger.rows(
        "SELECT DISTINCT list_unit_price AS price FROM price WHERE sku_description LIKE 'r6i.4xlarge %' AND region_id = 'us-east-1'"
    )
    assert [Decimal(price) for price in prices()] == [listed["price"]]
    assert len(prices(tenancy="", capacitystatus="")) == 3
    with pytest.raises(ClientError):
        boto3.client("pricing", "eu-west-1").describe_services()


def bare(arn: str) -> str:
    """How a bill names an instance or a volume."""
    return arn.rpartition("/")[2]


def test_compute_optimizer_answers_by_region_and_account(aws_here: Endpoint) -> None:
    advice = advised(aws_here, "virtual_machine")
    client = boto3.client("compute-optimizer", advice["region_id"])
    account = advice["sub_account_id"]

    found = client.get_ec2_instance_recommendations(accountIds=[account])["instanceRecommendations"]

    assert advice["resource_id"] in {bare(item["instanceArn"]) for item in found}
    [option] = found[0]["recommendationOptions"]
    assert option["instanceType"] != found[0]["currentInstanceType"]
    assert client.get_ec2_instance_recommendations()["instanceRecommendations"] == []
    elsewhere = boto3.client("compute-optimizer", "ap-southeast-2")
    assert elsewhere.get_ec2_instance_recommendations(accountIds=[account])["instanceRecommendations"] == []
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        client.get_ec2_instance_recommendations(accountIds=[account, aws_here.ledger.payers[0]])
    volume, database = advised(aws_here, "block_volume"), advised(aws_here, "database")
    volumes = boto3.client("compute-optimizer", volume["region_id"]).get_ebs_volume_recommendations(
        accountIds=[volume["sub_account_id"]]
    )
    databases = boto3.client("compute-optimizer", database["region_id"]).get_rds_database_recommendations(
        accountIds=[database["sub_account_id"]]
    )
    assert volume["resource_id"] in {bare(item["volumeArn"]) for item in volumes["volumeRecommendations"]}
    assert database["resource_id"] in {item["resourceArn"] for item in databases["rdsDBRecommendations"]}


def test_the_hub_lists_the_organisations_advice_with_one_total(aws_here: Endpoint) -> None:
    client = boto3.client("cost-optimization-hub")
    aws_here.page_sizes["cost-optimization-hub"] = 2

    items = [item for page in client.get_paginator("list_recommendations").paginate() for item in page["items"]]
    summary = client.list_recommendation_summaries(groupBy="ActionType")

    assert len({item["recommendationId"] for item in items}) == len(items) > 4
    saved = [item["estimatedMonthlySavings"] for item in items]
    assert saved == sorted(saved, reverse=True)
    assert round(sum(saved), 2) == summary["estimatedTotalDedupedSavings"]
    for item in items:
        got = client.get_recommendation(recommendationId=item["recommendationId"])
        assert got["estimatedMonthlySavings"] == item["estimatedMonthlySavings"]
    chosen = client.list_recommendations(filter={"actionTypes": ["PurchaseSavingsPlans"]})["items"]
    assert [item["currentResourceType"] for item in chosen] == ["ComputeSavingsPlans"]


def test_trusted_advisor_flags_the_callers_own_and_needs_a_plan(aws_here: Endpoint) -> None:
    address = advised(aws_here, "ip_address")
    client = member(address["sub_account_id"]).client("support")
    checks = {check["name"]: check for check in client.describe_trusted_advisor_checks(language="en")["checks"]}

    check = checks["Unassociated Elastic IP Addresses"]
    result = client.describe_trusted_advisor_check_result(checkId=check["id"])["result"]

    assert result["resourcesSummary"]["resourcesFlagged"] == len(result["flaggedResources"]) > 0
    assert all(len(flagged["metadata"]) == len(check["metadata"]) for flagged in result["flaggedResources"])
    aws_here.settings["support_plan"] = False
    with pytest.raises(ClientError, match="SubscriptionRequiredException"):
        client.describe_trusted_advisor_checks(language="en")


def test_metrics_have_percentiles_and_their_points_come_in_pages(aws_here: Endpoint) -> None:
    [machine, *_] = aws_here.ledger.rows(
        "SELECT resource_id, sub_account_id, region_id FROM item JOIN (SELECT DISTINCT resource_id FROM metric WHERE"
        " metric = 'cpu_utilization_percent') USING (resource_id) WHERE native_type = 'AWS::EC2::Instance' AND currency = 'USD'"
    )
    client = member(machine["sub_account_id"], machine["region_id"]).client("cloudwatch")
    dimension = {"Name": "InstanceId", "Value": machine["resource_id"].rpartition("/")[2]}
    metric = {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Dimensions": [dimension]}
    queries = [
        {"Id": stat.lower(), "MetricStat": {"Metric": metric, "Period": 86_400, "Stat": stat}}
        for stat in ("Average", "p95", "Maximum")
    ]
    span = {"StartTime": aws_here.now - timedelta(days=10), "EndTime": aws_here.now}
    aws_here.settings["cloudwatch_points"] = 7

    assert metric in [{**m} for m in client.list_metrics(Namespace="AWS/EC2")["Metrics"]]
    pages = list(client.get_paginator("get_metric_data").paginate(MetricDataQueries=queries, **span))

    points: dict[str, list[tuple[datetime, float]]] = {}
    for result in (result for page in pages for result in page["MetricDataResults"]):
        points.setdefault(result["Id"], []).extend(zip(result["Timestamps"], result["Values"], strict=True))
    assert [len(values) for values in points.values()] == [10, 10, 10]
    assert len(pages) == 5
    said = [(result["Id"], result["StatusCode"]) for page in pages[:2] for result in page["MetricDataResults"]]
    assert said == [("average", "PartialData"), ("average", "Complete"), ("p95", "PartialData")]
    assert all(
        low < middle <= high
        for (_, low), (_, middle), (_, high) in zip(points["average"], points["p95"], points["maximum"], strict=True)
    )
    elsewhere = boto3.client("cloudwatch").get_metric_data(MetricDataQueries=queries[:1], **span)
    assert elsewhere["MetricDataResults"][0]["Values"] == []
    with pytest.raises(ClientError, match="500"):
        client.get_metric_data(MetricDataQueries=[{**queries[0], "Id": f"q{number}"} for number in range(501)], **span)


def test_spot_prices_change_and_include_the_one_before_the_start(aws_here: Endpoint) -> None:
    start = aws_here.now - timedelta(days=2, hours=1)
    client = boto3.client("ec2")
    aws_here.page_sizes["ec2"] = 5

    pages = client.get_paginator("describe_spot_price_history").paginate(
        InstanceTypes=["r6i.4xlarge"],
        ProductDescriptions=["Linux/UNIX"],
        AvailabilityZone="us-east-1a",
        StartTime=start,
    )
    history = [change for page in pages for change in page["SpotPriceHistory"]]

    assert history[-1]["Timestamp"] <= start < history[-2]["Timestamp"]
    assert len({change["SpotPrice"] for change in history}) > 1
    assert {region["RegionName"] for region in client.describe_regions()["Regions"]} == set(aws_here.ledger.regions)
