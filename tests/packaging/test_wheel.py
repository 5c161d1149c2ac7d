"""The wheel adds one top-level name, and a clean install of it serves an MCP client."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel unpacked as an installer would: purelib only, nothing of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(REPOSITORY)],
        check=True,
        capture_output=True,
    )
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_adds_one_top_level_name(installed: Path) -> None:
    names = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}

    assert names == {"skyledger"}


def test_the_wheel_holds_its_data_files(installed: Path) -> None:
    root = installed / "skyledger"
    inside = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}

    assert {
        "orchestrator/ledger/schema/0001_catalog.sql",
        "servers/aws/vocabulary/cur.csv",
        "servers/sample/sql/bill.sql",
    } <= inside


async def test_a_clean_install_serves_a_client_over_stdio(installed: Path, tmp_path: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(installed)!r}); import skyledger; skyledger.main()"
    server = StdioServerParameters(
        command=sys.executable,
        args=["-P", "-c", code, "orchestrator"],
        env={"SKYLEDGER_HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        cwd=str(tmp_path),
    )

    async with Client(server, read_timeout_seconds=60) as client:
        tools = (await client.list_tools()).tools
        answer = await client.call_tool("finops_describe_estate", {})

    assert "finops_query_costs" in {tool.name for tool in tools}
    assert not answer.is_error
    assert answer.structured_content["ledger"]["line_items"] == 0
    assert any("skyledger import" in step for step in answer.structured_content["next_steps"])
