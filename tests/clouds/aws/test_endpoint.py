"""What the endpoint refuses, breaks on demand and notes."""

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime
from decimal import Decimal

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, ResponseStreamingError

from tests.clouds.aws.endpoint import Endpoint

OCTOBER = {"Start": "2026-10-01", "End": "2026-11-01"}
ONCE = Config(retries={"mode": "standard", "max_attempts": 1})
PATIENT = Config(retries={"mode": "standard", "max_attempts": 5})
FOCUS = "exports/quillhaven-focus/data/BILLING_PERIOD=2026-10/quillhaven-focus-00001.snappy.parquet"


def ask(client, **changes):
    return client.get_cost_and_usage(
        **{"TimePeriod": OCTOBER, "Granularity": "MONTHLY", "Metrics": ["UnblendedCost"], **changes}
    )


def refused(call, *arguments, **named) -> str:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    return caught.value.response["Error"]["Code"]


def test_a_request_without_a_signature_is_refused(aws: Endpoint) -> None:
    request = urllib.request.Request(  # noqa: S310
        aws.url, b"{}", {"X-Amz-Target": "AWSInsightsIndexService.GetCostAndUsage"}
    )

    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)  # noqa: S310

    with caught.value as answer:
        assert answer.code == 403
        assert json.load(answer)["__type"] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [
        ("AWS_SECRET_ACCESS_KEY", "not the secret", "InvalidSignatureException"),
        ("AWS_ACCESS_KEY_ID", "AKIA0000000000000000", "UnrecognizedClientException"),
        ("AWS_SESSION_TOKEN", "not a token", "UnrecognizedClientException"),
    ],
)
def test_wrong_credentials_are_refused(aws_here: Endpoint, monkeypatch, variable: str, value: str, code: str) -> None:
    monkeypatch.setenv(variable, value)

    assert refused(ask, boto3.client("ce")) == code
    assert aws_here.spent == 0


def test_a_request_signed_an_hour_ago_is_refused(aws: Endpoint) -> None:
    operator = aws.identities.operator(aws.ledger.payers[0])
    request = AWSRequest("POST", aws.url, {"X-Amz-Target": "AWSInsightsIndexService.GetCostAndUsage"}, b"{}")
    auth = SigV4Auth(Credentials(operator.key, operator.secret), "ce", "us-east-1")
    request.context["timestamp"] = f"{datetime.now(UTC).year - 1}0101T000000Z"
    auth._modify_request_before_signing(request)
    signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    auth._inject_signature_to_request(request, signature)

    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(aws.url, b"{}", dict(request.headers)))  # noqa: S310

    with caught.value as answer:
        assert "Signature expired" in json.load(answer)["message"]


def test_throttled_requests_are_free_and_retried(aws_here: Endpoint) -> None:
    aws_here.faults.throttle("ce:GetCostAndUsage")

    ask(boto3.client("ce", config=PATIENT))

    assert aws_here.calls("ce:GetCostAndUsage") == [400, 200]
    assert aws_here.spent == Decimal("0.01")


def test_above_the_rate_cost_explorer_says_limit_exceeded(aws_here: Endpoint) -> None:
    aws_here.rates["ce"] = 2
    client = boto3.client("ce", config=ONCE)
    ask(client)
    ask(client)

    assert refused(ask, client) == "LimitExceededException"


@pytest.mark.parametrize("status", [500, 503])
def test_server_errors_come_as_asked(aws_here: Endpoint, status: int) -> None:
    aws_here.faults.server_error("ce:*", status=status)

    ask(boto3.client("ce", config=PATIENT))

    assert aws_here.calls("ce:GetCostAndUsage") == [status, 200]


def test_boto3_takes_a_truncated_reply_for_an_empty_one(aws_here: Endpoint) -> None:
    """No error, no retry: a caller has to notice that the members are missing. It was served, so it is paid for."""
    aws_here.faults.truncate("ce:GetCostAndUsage")

    answer = ask(boto3.client("ce", config=PATIENT))

    assert answer.keys() == {"ResponseMetadata"}
    assert aws_here.spent == Decimal("0.01")


def test_a_truncated_object_is_noticed_by_the_reader(aws_here: Endpoint) -> None:
    aws_here.faults.truncate("s3:GetObject")

    body = boto3.client("s3").get_object(Bucket="quillhaven-billing", Key=FOCUS)["Body"]

    with pytest.raises(ResponseStreamingError):
        body.read()


def test_an_object_replaced_after_its_listing_fails_the_condition(aws_here: Endpoint, tmp_path) -> None:
    client = boto3.client("s3")
    (tmp_path / "part.csv").write_text("old")
    aws_here.buckets["mine"] = tmp_path
    tag = client.head_object(Bucket="mine", Key="part.csv")["ETag"]
    (tmp_path / "part.csv").write_text("new")

    assert refused(client.get_object, Bucket="mine", Key="part.csv", IfMatch=tag) == "PreconditionFailed"


def test_a_slow_reply_outlasts_the_reader(aws_here: Endpoint) -> None:
    aws_here.faults.slow("ce:GetCostAndUsage", 0.4)
    impatient = boto3.client("ce", config=Config(read_timeout=0.1, retries={"mode": "standard", "max_attempts": 2}))

    ask(impatient)

    assert aws_here.calls("ce:GetCostAndUsage") == [200, 200]


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("ce", ask, "AccessDeniedException"),
        ("s3", lambda c: c.list_buckets(), "AccessDenied"),
        ("sts", lambda c: c.get_caller_identity(), "AccessDenied"),
        ("organizations", lambda c: c.list_roots(), "AccessDeniedException"),
    ],
)
def test_a_denied_operation_is_denied_in_the_words_of_its_service(aws_here: Endpoint, service, call, code) -> None:
    aws_here.faults.access_denied(f"{service}:*")

    assert refused(call, boto3.client(service)) == code


def test_a_disabled_region_refuses_and_the_others_do_not(aws_here: Endpoint) -> None:
    aws_here.faults.region_disabled("sa-east-1")

    assert refused(boto3.client("sts", "sa-east-1").get_caller_identity) == "InvalidClientTokenId"
    assert boto3.client("sts", "eu-west-1").get_caller_identity()["Account"] == aws_here.ledger.payers[0]


def test_credentials_expire_in_mid_paging(aws_here: Endpoint) -> None:
    aws_here.page_sizes["organizations"] = 50
    aws_here.faults.expired_token("organizations:ListAccounts", after=2)
    pages = iter(boto3.client("organizations").get_paginator("list_accounts").paginate())
    next(pages)
    next(pages)

    assert refused(next, pages) == "ExpiredTokenException"


def test_a_duplicate_page_repeats_rows_and_leaves_none_out(aws_here: Endpoint) -> None:
    aws_here.page_sizes["organizations"] = 50
    aws_here.faults.duplicate_page("organizations:ListAccounts")

    pages = boto3.client("organizations").get_paginator("list_accounts").paginate()
    seen = [account["Id"] for page in pages for account in page["Accounts"]]

    everyone = {account["id"] for account in aws_here.ledger.accounts if account["payer"] == aws_here.ledger.payers[0]}
    assert set(seen) == everyone | {aws_here.ledger.payers[0]}
    assert len(seen) == len(set(seen)) + 50


def test_an_operation_that_it_does_not_know_is_refused_once_and_noted(aws_here: Endpoint) -> None:
    client = boto3.client("ce")

    with pytest.raises(ClientError) as caught:
        client.list_cost_allocation_tag_backfill_history()

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert aws_here.unimplemented == ["ce:ListCostAllocationTagBackfillHistory"]


def test_a_request_that_breaks_the_model_fails_the_test_even_if_its_error_is_swallowed(aws_here: Endpoint) -> None:
    with aws_here.violations_expected() as seen:
        assert refused(ask, boto3.client("ce"), Granularity="WEEKLY") == "ValidationException"

    assert any("WEEKLY" in text for text in seen)
    aws_here.violations.append("one that nobody expected")
    with pytest.raises(AssertionError, match="one that nobody expected"):
        aws_here.check()
    aws_here.violations.clear()


def test_a_role_is_taken_with_its_external_id_only(aws_here: Endpoint) -> None:
    aws_here.identities.external_id = "quill-7"
    account = next(a["id"] for a in aws_here.ledger.accounts if a["payer"] == aws_here.ledger.payers[0])
    client, role = boto3.client("sts"), f"arn:aws:iam::{account}:role/SkyLedgerReadOnly"

    assert refused(client.assume_role, RoleArn=role, RoleSessionName="test") == "AccessDenied"

    given = client.assume_role(RoleArn=role, RoleSessionName="test", ExternalId="quill-7")["Credentials"]
    member = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    assert member.client("sts").get_caller_identity()["Account"] == account
    assert refused(ask, member.client("ce")) == "AccessDeniedException"
    assert refused(member.client("organizations").list_accounts) == "AccessDeniedException"


def test_web_identity_gives_credentials_without_keys(aws_here: Endpoint, monkeypatch, tmp_path) -> None:
    (tmp_path / "token").write_text("header.payload.signature")
    aws_here.identities.web_identity_tokens["header.payload.signature"] = "system:serviceaccount:finops:skyledger"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AWS_ROLE_ARN", f"arn:aws:iam::{aws_here.ledger.payers[0]}:role/SkyLedgerReadOnly")

    assert ":assumed-role/SkyLedgerReadOnly/" in boto3.client("sts").get_caller_identity()["Arn"]
