"""Credentials that a machine has by where it runs: the instance metadata service (version 2 only) and the container's.

monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", aws.url)              # and AWS_EC2_METADATA_DISABLED unset
monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.url + "/v2/credentials")
"""

import json
from datetime import UTC, datetime
from typing import Final

from tests.clouds.aws.identity import READER, Identities
from tests.clouds.wire import Reply, Request

_SESSION: Final = "metadata-session"
_ROLES: Final = "/latest/meta-data/iam/security-credentials/"


def answer(request: Request, identities: Identities) -> Reply | None:
    """What the link-local services would answer; None where the request is none of theirs."""
    if request.method == "PUT" and request.target == "/latest/api/token":
        return Reply(200, _SESSION.encode(), {"X-aws-ec2-metadata-token-ttl-seconds": "21600"})
    if request.target == "/v2/credentials":
        return _credentials(identities)
    if not request.target.startswith("/latest/"):
        return None
    if request.headers.get("x-aws-ec2-metadata-token") != _SESSION:
        return Reply(401)
    if request.target == _ROLES:
        return Reply(200, READER.encode(), {"Content-Type": "text/plain"})
    return _credentials(identities) if request.target == _ROLES + READER else Reply(404)


def _credentials(identities: Identities) -> Reply:
    role = f"arn:aws:iam::{identities.ledger.payers[0]}:role/{READER}"
    given = identities.assume(role, "i-0123456789abcdef0", 3600)
    said = {
        "Code": "Success",
        "Type": "AWS-HMAC",
        "LastUpdated": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "AccessKeyId": given.key,
        "SecretAccessKey": given.secret,
        "Token": given.token,
        "Expiration": f"{given.expires:%Y-%m-%dT%H:%M:%SZ}",
    }
    return Reply(200, json.dumps(said).encode(), {"Content-Type": "application/json"})
