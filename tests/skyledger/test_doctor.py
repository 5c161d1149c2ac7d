"""The doctor says for each cloud what is configured, what is missing and what to do next."""

from pathlib import Path

import pytest

from orchestrator.settings import load_settings
from skyledger.cli import run


def said(capsys: pytest.CaptureFixture[str], cloud: str) -> str:
    [line] = [line for line in capsys.readouterr().out.splitlines() if line[6:].startswith(f"{cloud}: ")]
    return line


def test_a_cloud_without_anything_is_told_both_ways_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0

    line = said(capsys, "aws")
    assert line.startswith("ok    aws: no bill is in the ledger; SKYLEDGER_AWS_EXPORTS is not set")
    assert "export SKYLEDGER_AWS_EXPORTS=/path/to/aws, then skyledger sync" in line
    assert "skyledger import PATH --provider aws" in line


def test_an_exports_folder_without_bills_needs_attention(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SKYLEDGER_GCP_EXPORTS", str(tmp_path))

    assert run(["doctor"]) == 1
    assert f"CHECK gcp: no bill is in the ledger; {tmp_path} has no costs/" in said(capsys, "gcp")

    (tmp_path / "costs").mkdir()
    (tmp_path / "inventory.parquet").touch()
    assert run(["doctor"]) == 0
    line = said(capsys, "gcp")
    assert "without usage.parquet" in line
    assert "inventory" not in line
    assert line.endswith("next: skyledger sync")


def test_a_server_elsewhere_and_one_that_is_off_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    home = load_settings().home
    home.mkdir(parents=True, exist_ok=True)
    (home / "skyledger.toml").write_text(
        '[upstreams.azure]\nurl = "https://costs.example.com/mcp"\n[upstreams.aws]\nenabled = false\n'
    )

    assert run(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "azure: no bill is in the ledger; its server is https://costs.example.com/mcp; next: skyledger sync" in out
    assert "aws: no bill is in the ledger; its server is off" in out
    assert f"settings {home / 'skyledger.toml'}" in out
