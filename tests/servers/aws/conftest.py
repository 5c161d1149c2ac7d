"""The local AWS endpoint for this folder's tests, real clients of it, and the accounts of its sample organisation."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.clouds.aws.conftest import aws, aws_sample  # noqa: F401
from tests.clouds.aws.endpoint import Endpoint
from tests.clouds.aws.identity import READER

Clients = Callable[[str, str, str | None], Any]


@pytest.fixture
def clients(aws: Endpoint) -> Clients:  # noqa: F811
    """Real clients of the endpoint: the payer's operator itself, or its role in a member account."""
    operator = aws.identities.operator(aws.ledger.payers[0])
    own = boto3.Session(aws_access_key_id=operator.key, aws_secret_access_key=operator.secret, region_name="us-east-1")
    config = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=5, read_timeout=20)
    sessions: dict[str | None, boto3.Session] = {None: own, aws.ledger.payers[0]: own}
    made: dict[tuple[str, str, str | None], Any] = {}

    def client(service: str, region: str, account: str | None) -> Any:
        key = (service, region, account)
        if key not in made:
            made[key] = session(account).client(service, region_name=region, endpoint_url=aws.url, config=config)
        return made[key]

    def session(account: str | None) -> boto3.Session:
        if account not in sessions:
            role = f"arn:aws:iam::{account}:role/{READER}"
            taken = client("sts", "us-east-1", None).assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
            sessions[account] = boto3.Session(taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"])
        return sessions[account]

    return client
