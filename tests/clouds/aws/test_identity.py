"""Every way by which AWS's own credential chain comes to a role, through the chain itself."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.credentials import SSOProvider
from botocore.exceptions import ClientError, NoCredentialsError

from tests.clouds.aws.endpoint import Endpoint


@pytest.fixture
def keyless(aws_here: Endpoint, monkeypatch, tmp_path) -> Endpoint:
    """The endpoint without keys in the environment."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return aws_here


def whoami() -> str:
    return boto3.Session().client("sts").get_caller_identity()["Arn"]


def test_without_any_source_there_are_no_credentials(keyless: Endpoint) -> None:
    with pytest.raises(NoCredentialsError):
        whoami()

    assert keyless.served == []


def test_an_instance_has_its_role_by_metadata_version_two(keyless: Endpoint, monkeypatch) -> None:
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", keyless.url)

    assert whoami().endswith(":assumed-role/SkyLedgerReadOnly/i-0123456789abcdef0")


def test_a_container_has_its_role_by_its_address(keyless: Endpoint, monkeypatch) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{keyless.url}/v2/credentials")

    assert ":assumed-role/SkyLedgerReadOnly/" in whoami()


def test_a_profile_takes_a_role_with_its_external_id(keyless: Endpoint, monkeypatch, tmp_path) -> None:
    keyless.identities.external_id = "quill-7"
    operator = keyless.identities.operator(keyless.ledger.payers[0])
    account = keyless.ledger.accounts[0]["id"]
    (tmp_path / "credentials").write_text(
        f"[base]\naws_access_key_id={operator.key}\naws_secret_access_key={operator.secret}\n"
    )
    (tmp_path / "config").write_text(
        f"[profile member]\nrole_arn=arn:aws:iam::{account}:role/SkyLedgerReadOnly\nsource_profile=base\n"
        "external_id=quill-7\n"
    )
    monkeypatch.setenv("AWS_PROFILE", "member")

    assert f"::{account}:assumed-role/" in whoami()


def test_a_single_sign_on_session_gives_a_role_until_it_ends(keyless: Endpoint, monkeypatch, tmp_path) -> None:
    start, account = "https://quillhaven.awsapps.example/start", keyless.ledger.accounts[0]["id"]
    (tmp_path / "config").write_text(
        f"[profile sso]\nsso_start_url={start}\nsso_region=us-east-1\nsso_account_id={account}\n"
        "sso_role_name=SkyLedgerReadOnly\n"
    )
    ends = f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    cached = tmp_path / f"{hashlib.sha1(start.encode(), usedforsecurity=False).hexdigest()}.json"
    cached.write_text(json.dumps({"accessToken": "good", "expiresAt": ends, "startUrl": start, "region": "us-east-1"}))
    monkeypatch.setattr(SSOProvider, "_SSO_TOKEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("AWS_PROFILE", "sso")
    keyless.identities.sso_tokens.add("good")

    assert f"::{account}:assumed-role/" in whoami()
    keyless.identities.sso_tokens.clear()
    with pytest.raises(Exception, match="SSO session"):
        whoami()


def test_a_saml_assertion_gives_a_role(keyless: Endpoint) -> None:
    payer = keyless.ledger.payers[0]
    keyless.identities.saml_assertions["PHNhbWw+"] = "ada@quillhaven.example"
    given = {
        "RoleArn": f"arn:aws:iam::{payer}:role/SkyLedgerReadOnly",
        "PrincipalArn": f"arn:aws:iam::{payer}:saml-provider/idp",
    }
    client = boto3.Session().client("sts")

    assert client.assume_role_with_saml(SAMLAssertion="PHNhbWw+", **given)["Subject"] == "ada@quillhaven.example"
    with pytest.raises(ClientError, match="InvalidIdentityToken"):
        client.assume_role_with_saml(SAMLAssertion="Zm9yZ2Vk", **given)
