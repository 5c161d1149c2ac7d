"""What `skyledger doctor aws` prints: who we are, what is missing, and templates that only read."""

import json
import re

import pytest

from servers.aws.permissions import NEEDS, policy
from servers.aws.setup import cloudformation, terraform
from skyledger.cli import run
from tests.clouds.aws.endpoint import Endpoint

READS = re.compile(r"^[a-z0-9-]+:(Get|List|Describe)")


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

    status = run(["doctor", "aws", "--bucket", "bills"])

    said = capsys.readouterr().out
    assert status == 1
    assert f"ok    we are arn:aws:iam::{payer}:user/operator" in said
    assert f"CHECK ce:GetCostAndUsage is missing on {payer}: aws_query_costs needs it" in said
    assert '"AWS::BCMDataExports::Export"' in said
    assert '"aws_bcmdataexports_export"' in said
    assert aws_here.identities.operator(payer).secret not in said


def test_doctor_pays_nothing(aws_here: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYLEDGER_AWS_LIVE", "on")

    assert run(["doctor", "aws"]) == 0
    assert aws_here.spent == 0
    assert aws_here.calls("ce:GetCostAndUsage") == [400]
