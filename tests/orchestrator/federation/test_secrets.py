"""Canary secrets: what must not be told is in no answer, no error and no line of the log of a real process."""

import json
import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from skyledger import compose
from skyledger.compose import own_command
from tests.conftest import REPOSITORY
from tests.orchestrator.federation.conftest import Azure
from tests.orchestrator.federation.faulty_cloud import CANARY

SECRETS = {
    "AWS_SECRET_ACCESS_KEY": f"{CANARY}-aws", "AZURE_CLIENT_SECRET": f"{CANARY}-azure", "GOOGLE_API_KEY": f"{CANARY}-gcp"
}  # fmt: skip
TOOLS = ("finops_describe_estate", "finops_list_resources", "finops_sync", "finops_query_costs")


@pytest.mark.parametrize("azure", ["http"], indirect=True)
async def test_no_secret_is_in_an_answer_an_error_or_the_log(azure: Azure, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "skyledger.toml").write_text(f"""
deadline_seconds = 2
break_seconds = 0.1
[upstreams.azure]
url = "{azure.target()}"
[upstreams.gcp]
command = {json.dumps([sys.executable, "-c", "import os, sys; sys.exit(os.environ['GOOGLE_API_KEY'])"])}
""")
    command = own_command("orchestrator")
    server = StdioServerParameters(
        command=command[0], args=command[1:], env={**SECRETS, "SKYLEDGER_HOME": str(home)}, cwd=REPOSITORY
    )
    said = ""
    with (tmp_path / "stderr").open("w") as log:
        async with Client(stdio_client(server, errlog=log)) as client:
            for fault in ("error", "crash", "protocol_error", "not_json", "wrong_shape", "die"):
                azure.misbehaves(fault)
                for tool in TOOLS[:2] if fault != "error" else TOOLS:
                    said += (await client.call_tool(tool, {})).model_dump_json()

    logged = (tmp_path / "stderr").read_text()
    assert '"azure"' in said
    assert "upstream_lost" in logged
    assert CANARY not in said
    # The child's own last words are its own: it wrote its variable to the stderr that it inherited.
    ours = [line for line in logged.splitlines() if line != SECRETS["GOOGLE_API_KEY"]]
    assert not [line for line in ours if CANARY in line]


@pytest.mark.parametrize("cloud", ["aws", "azure", "gcp"])
def test_a_child_gets_only_its_own_clouds_variables(cloud: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"aws": "AWS_PROFILE", "azure": "AZURE_TENANT_ID", "gcp": "GOOGLE_CLOUD_PROJECT"}
    variables = {*own.values(), *(f"SKYLEDGER_{name.upper()}_EXPORTS" for name in own), "GITHUB_TOKEN"}
    for name in variables:
        monkeypatch.setenv(name, "x")

    forwarded = set(compose._environment(cloud))

    assert forwarded & variables == {own[cloud], f"SKYLEDGER_{cloud.upper()}_EXPORTS"}
    assert "SKYLEDGER_HOME" in forwarded
