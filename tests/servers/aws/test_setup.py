"""What `skyledger doctor aws` prints: who we are, what is missing, and templates that only read."""

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from servers.aws.permissions import NEEDS, policy
from servers.aws.setup import cloudformation, terraform
from skyledger.cli import run
from tests.clouds.aws.endpoint import Endpoint
from tests.clouds.aws.identity import READER
from tests.servers.aws.conftest import Server, told

READS = re.compile(r"^[a-z0-9-]+:(Get|List|Describe|View)")


def test_the_policy_allows_every_need_and_nothing_that_changes_anything() -> None:
    statements = policy("bills", "exports/")["Statement"]
    allowed = {action for statement in statements for action in statement["Action"]}

    assert allowed == {need.action for need in NEEDS}
    assert [action for action in allowed if not READS.match(action)] == []
    objects = next(statement for statement in statements if "s3:GetObject" in statement["Action"])
    assert objects["Resource"] == ["arn:aws:s3:::bills/exports/*"]


def test_the_templates_make_the_same_export_and_role() -> None:
    formed = json.loads(cloudformation("arn:aws:iam::1:role/x", "bills", "exports"))["Resources"]
    planned = json.loads(terraform("arn:aws:iam::1:role/x", "bills", "exports"))["resource"]

    export = formed["Export"]["Properties"]["Export"]
    same = planned["aws_bcmdataexports_export"]["focus"]["export"]
    assert export["DataQuery"]["QueryStatement"] == same["data_query"]["query_statement"]
    assert "FROM FOCUS_1_2_AWS" in same["data_query"]["query_statement"]
    role = formed["Role"]["Properties"]["Policies"][0]["PolicyDocument"]
    assert role == json.loads(planned["aws_iam_role_policy"]["skyledger"]["policy"])


def test_doctor_says_who_we_are_and_which_tool_lacks_which_permission(
    aws_here: Endpoint, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SKYLEDGER_AWS_LIVE", "on")
    payer = aws_here.ledger.payers[0]
    aws_here.faults.access_denied("ce:*")

    status = run(["doctor", "aws"])

    said = capsys.readouterr().out
    assert status == 1
    assert f"ok    we are arn:aws:iam::{payer}:user/operator" in said
    assert f"CHECK ce:GetCostAndUsage is missing on {payer}: aws_query_costs needs it" in said
    assert "skyledger doctor aws --print policy|cloudformation|terraform" in said
    assert len(said.splitlines()) < 40
    assert aws_here.identities.operator(payer).secret not in said


@pytest.mark.parametrize("document", ["policy", "cloudformation", "terraform"])
def test_doctor_prints_one_document_and_nothing_else(
    aws_here: Endpoint, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], document: str
) -> None:
    monkeypatch.setenv("SKYLEDGER_AWS_LIVE", "on")

    assert run(["doctor", "aws", "--print", document, "--bucket", "our-bills"]) == 0

    said = capsys.readouterr().out
    assert json.loads(said)
    assert "our-bills" in said
    assert document == "policy" or f"arn:aws:iam::{aws_here.ledger.payers[0]}:user/operator" in said


def test_an_unknown_document_is_told_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "aws", "--print", "teraform"]) == 1
    assert "terraform" in capsys.readouterr().err


def test_a_cloud_that_is_asked_live_says_so_without_asking_it(
    aws_here: Endpoint, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SKYLEDGER_AWS_LIVE", "on")
    monkeypatch.setenv("SKYLEDGER_AWS_ROLE", "CostReader")
    monkeypatch.setenv("SKYLEDGER_AWS_EXTERNAL_ID", "canary-external-id")

    assert run(["doctor"]) == 0

    said = capsys.readouterr().out
    assert "asked live (role CostReader, with an external id); next: skyledger doctor aws" in said
    assert "canary-external-id" not in said
    assert aws_here.served == []


def test_a_profile_that_does_not_exist_is_named_with_near_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config").write_text("[profile finance]\nregion = us-east-1\n[profile other]\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("SKYLEDGER_AWS_LIVE", "on")
    monkeypatch.setenv("SKYLEDGER_AWS_PROFILE", "finanse")

    assert run(["doctor"]) == 1
    plain = capsys.readouterr().out
    assert run(["doctor", "aws"]) == 1
    own = capsys.readouterr().out

    for said in (plain, own):
        assert "There is no AWS profile 'finanse'." in said
        assert "may name finance" in said


def test_doctor_pays_nothing(aws_here: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYLEDGER_AWS_LIVE", "on")

    assert run(["doctor", "aws"]) == 0
    assert aws_here.spent == 0
    assert aws_here.calls("ce:GetCostAndUsage") == [400]


async def test_damaged_files_do_not_silence_the_server_and_are_told(server: Server, tmp_path: Path) -> None:
    home = tmp_path / "home" / "servers" / "aws"
    home.mkdir(parents=True)
    for name in ("purse.sqlite", "answers.sqlite"):
        (home / name).write_bytes(b"not a database " * 600)

    card = await told(server(role=READER), "describe_server")

    [purse] = card["purses"]
    assert Decimal(purse["left"]) == 0
    assert "damaged" in purse["note"]
    assert len(list(home.glob("*.damaged-*.sqlite"))) == 2
