"""Who we are: the SDK's own chains, a role in each account, and no secret anywhere."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from botocore.credentials import SSOProvider
from botocore.tokens import SSOTokenProvider
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from servers.aws.session import Sessions
from servers.aws.settings import AwsSettings, load_aws_settings
from shared_models.errors import FinOpsError, InvalidArgumentError
from skyledger.compose import own_command
from tests.clouds.aws.endpoint import Endpoint
from tests.clouds.aws.identity import READER
from tests.conftest import REPOSITORY
from tests.servers.aws.conftest import Server, told

SAML_HELPER = """
import json, boto3
from botocore import UNSIGNED
from botocore.config import Config
sts = boto3.Session(region_name="us-east-1").client("sts", endpoint_url="{url}", config=Config(signature_version=UNSIGNED))
given = sts.assume_role_with_saml(
    RoleArn="arn:aws:iam::{payer}:role/{role}", PrincipalArn="arn:aws:iam::{payer}:saml-provider/idp",
    SAMLAssertion="signed-by-the-identity-provider",
)["Credentials"]
print(json.dumps({{"Version": 1, **{{name: given[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}},
    "Expiration": given["Expiration"].isoformat()}}))
"""
"""What a company's own helper does: takes a role with the assertion of its identity provider."""
EXTERNAL_ID = "canary-external-id-8271"


def test_a_role_with_its_external_id_is_taken_in_each_account(aws_here: Endpoint) -> None:
    aws_here.identities.external_id = EXTERNAL_ID
    member = str(aws_here.ledger.accounts[0]["id"])
    sessions = Sessions(AwsSettings(live=True, role=READER, external_id=EXTERNAL_ID))

    assert sessions.caller(member).arn == f"arn:aws:sts::{member}:assumed-role/{READER}/skyledger"
    assert sessions.caller().account == aws_here.ledger.payers[0]
    assert sessions.client("ec2", "eu-west-1", member) is sessions.client("ec2", "eu-west-1", member)


def test_a_wrong_external_id_is_a_refusal_that_does_not_tell_it(aws_here: Endpoint) -> None:
    aws_here.identities.external_id = "another"
    member = str(aws_here.ledger.accounts[0]["id"])
    sessions = Sessions(AwsSettings(live=True, role=READER, external_id=EXTERNAL_ID))

    with pytest.raises(FinOpsError) as refused:
        sessions.caller(member)

    assert refused.value.code == "permission_denied"
    assert EXTERNAL_ID not in refused.value.text() + repr(sessions.settings)


def test_web_identity_is_the_sdks_own_chain(
    aws_here: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    payer = aws_here.ledger.payers[0]
    (tmp_path / "token").write_text("signed-by-the-cluster", encoding="utf-8")
    aws_here.identities.web_identity_tokens["signed-by-the-cluster"] = "system:serviceaccount:finops"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AWS_ROLE_ARN", f"arn:aws:iam::{payer}:role/{READER}")
    monkeypatch.setenv("AWS_ROLE_SESSION_NAME", "pod")

    assert Sessions(AwsSettings(live=True)).caller().arn == f"arn:aws:sts::{payer}:assumed-role/{READER}/pod"


def without_keys(monkeypatch: pytest.MonkeyPatch, config: Path, text: str, home: Path) -> None:
    """The SDK's configuration is this file, and the environment has no keys."""
    config.write_text(text, encoding="utf-8")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "none"))
    for provider in (SSOTokenProvider, SSOProvider):  # the SDK looks for the home when it is imported
        monkeypatch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", str(home / ".aws" / "sso" / "cache"))


def signed_in(home: Path, token: str, until: str) -> None:
    """What `aws sso login` leaves: a token in the cache, under the hash of its session's name."""
    cache = home / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    name = hashlib.sha1(b"company", usedforsecurity=False).hexdigest()
    said = {"accessToken": token, "expiresAt": until, "region": "us-east-1", "startUrl": "https://company.example.com"}
    (cache / f"{name}.json").write_text(json.dumps(said), encoding="utf-8")


def sso(account: str) -> str:
    """A profile of IAM Identity Center as `aws configure sso` writes it."""
    return (
        "[sso-session company]\nsso_region = us-east-1\nsso_start_url = https://company.example.com\n"
        f"[profile finance]\nsso_session = company\nsso_account_id = {account}\nsso_role_name = {READER}\n"
        "region = us-east-1\n"
    )


def test_a_profile_signed_in_by_sso_is_the_sdks_own_chain(
    aws_here: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    payer = aws_here.ledger.payers[0]
    without_keys(monkeypatch, tmp_path / "config", sso(payer), tmp_path)
    signed_in(tmp_path, "canary-sso-token", "2099-01-01T00:00:00Z")
    aws_here.identities.sso_tokens.add("canary-sso-token")
    sessions = Sessions(AwsSettings(live=True, profile="finance", role=READER))
    member = next(str(one["id"]) for one in aws_here.ledger.accounts if one["payer"] == payer)

    assert sessions.caller().arn == f"arn:aws:sts::{payer}:assumed-role/{READER}/sso-user"
    assert sessions.caller(member).arn == f"arn:aws:sts::{member}:assumed-role/{READER}/skyledger"


@pytest.mark.parametrize("why", ["never signed in", "expired here", "ended there"])
def test_an_sso_session_that_ended_says_sign_in_and_never_its_token(
    aws_here: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, why: str
) -> None:
    without_keys(monkeypatch, tmp_path / "config", sso(aws_here.ledger.payers[0]), tmp_path)
    if why != "never signed in":
        signed_in(
            tmp_path, "canary-sso-token", "2020-01-01T00:00:00Z" if why == "expired here" else "2099-01-01T00:00:00Z"
        )

    with pytest.raises(FinOpsError) as refused:
        Sessions(AwsSettings(live=True, profile="finance")).caller()

    assert refused.value.code in {"credentials_missing", "credentials_expired"}
    assert "ign in" in refused.value.hint
    assert "canary-sso-token" not in refused.value.text()


def test_saml_by_a_credential_process_is_the_sdks_own_chain(
    aws_here: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    payer = aws_here.ledger.payers[0]
    aws_here.identities.saml_assertions["signed-by-the-identity-provider"] = "analyst"
    helper = tmp_path / "helper.py"
    helper.write_text(SAML_HELPER.format(url=aws_here.url, payer=payer, role=READER), encoding="utf-8")
    config = f"[profile finance]\nregion = us-east-1\ncredential_process = {sys.executable} {helper}\n"
    without_keys(monkeypatch, tmp_path / "config", config, tmp_path)

    sessions = Sessions(AwsSettings(live=True, profile="finance"))

    assert sessions.caller().arn == f"arn:aws:sts::{payer}:assumed-role/{READER}/analyst"


def test_a_credential_process_that_fails_is_missing_credentials_without_its_words(
    aws_here: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    helper = tmp_path / "helper.py"
    helper.write_text("import sys; print('canary-password', file=sys.stderr); sys.exit(3)", encoding="utf-8")
    config = f"[profile finance]\nregion = us-east-1\ncredential_process = {sys.executable} {helper}\n"
    without_keys(monkeypatch, tmp_path / "config", config, tmp_path)

    with pytest.raises(FinOpsError) as refused:
        Sessions(AwsSettings(live=True, profile="finance")).caller()

    assert refused.value.code == "credentials_missing"
    assert "canary-password" not in refused.value.text()
    assert aws_here.served == []


@pytest.mark.parametrize(
    ("region", "partition", "home"),
    [
        ("eu-west-1", "aws", "us-east-1"),
        ("cn-north-1", "aws-cn", "cn-northwest-1"),
        ("us-gov-east-1", "aws-us-gov", "us-gov-west-1"),
        ("eusc-de-east-1", "aws-eusc", "eusc-de-east-1"),
    ],
)
def test_billing_is_asked_in_the_home_of_the_partition(
    monkeypatch: pytest.MonkeyPatch, region: str, partition: str, home: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)

    client = Sessions(AwsSettings(live=True)).client("sts")

    assert (client.meta.region_name, client.meta.partition) == (home, partition)


async def test_without_credentials_the_server_says_how_to_get_them(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))

    asked = await told(server(), "query_costs", start="2026-10-01", end="2026-11-01", source="api")
    card = await told(server(), "describe_server")

    assert asked["error"]["code"] == "credentials_missing"
    assert "aws sso login" in asked["error"]["hint"]
    assert card["access"]["accounts_refused"][0]["code"] == "credentials_missing"


async def test_accounts_come_with_their_place_and_tags(server: Server, aws_here: Endpoint) -> None:
    known = aws_here.ledger.accounts[0]

    page = await told(server(), "list_accounts", sub_account_id=known["id"])

    [account] = page["data"]
    assert account["path"] == list(known["path"])
    assert account["tags"] == known["tags"]


def test_no_secret_is_in_an_answer_an_error_or_the_log_of_a_real_process(aws_here: Endpoint, tmp_path: Path) -> None:
    operator = aws_here.identities.operator(aws_here.ledger.payers[0])
    aws_here.faults.access_denied("cur:*")
    aws_here.faults.access_denied("bcm-data-exports:*")
    command = own_command("aws")
    environment = {
        **aws_here.environment(),
        "AWS_ENDPOINT_URL": aws_here.url,
        "SKYLEDGER_HOME": str(tmp_path / "home"),
        "SKYLEDGER_AWS_LIVE": "on",
        "SKYLEDGER_AWS_ROLE": "NoSuchRole",
        "SKYLEDGER_AWS_EXTERNAL_ID": EXTERNAL_ID,
    }
    server = StdioServerParameters(command=command[0], args=command[1:], env=environment, cwd=REPOSITORY)

    async def talk() -> str:
        said = ""
        span = {"start": "2026-10-01", "end": "2026-11-01"}
        with (tmp_path / "stderr").open("w") as log:
            async with Client(stdio_client(server, errlog=log)) as client:
                for tool, arguments in (("export_costs", {}), ("describe_server", {}), ("query_costs", span)):
                    said += (await client.call_tool(f"aws_{tool}", arguments)).model_dump_json()
        return said

    said = anyio.run(talk) + (tmp_path / "stderr").read_text()

    assert "permission_denied" in said
    for secret in (operator.secret, operator.key, EXTERNAL_ID):
        assert secret not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LIVE", "perhaps"), ("PAYERS", "12"), ("EXPORT_LOCATION", "bucket/prefix"), ("DAILY_PURSE", "-1"),
        ("PROFILES", "finance=111122223333"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        load_aws_settings({f"SKYLEDGER_AWS_{name}": value})

    assert refused.value.details == {"argument": f"SKYLEDGER_AWS_{name}"}


def test_starting_the_server_loads_no_sdk(tmp_path: Path) -> None:
    code = (
        "import json, sys; from servers.aws.server import build_server; from servers.kit.settings import load_settings;"
        "build_server(load_settings('aws')); print(json.dumps([m for m in sys.modules if m.startswith('boto')]))"
    )
    environment = {"SKYLEDGER_HOME": str(tmp_path), "SKYLEDGER_AWS_LIVE": "on", "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, timeout=60, check=True)

    assert json.loads(done.stdout) == []
