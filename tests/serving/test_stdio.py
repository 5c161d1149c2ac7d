"""A server as a client starts it: on stdio, with a probe before the handshake, until stdin ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY


def message(number: int, method: str, params: dict) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}) + "\n"


def test_a_probe_then_a_handshake_work_on_one_connection(tmp_path: Path) -> None:
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    said = (
        message(1, "server/discover", {"_meta": meta})
        + message(2, "initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}})
        + json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}) + "\n"
        + message(3, "tools/list", {})
    )  # fmt: skip
    environment = {"PATH": os.environ["PATH"], "SKYLEDGER_HOME": str(tmp_path), "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(
        [sys.executable, "-m", "skyledger", "aws"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=environment, cwd=tmp_path,
    )  # fmt: skip
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(said)
        process.stdin.flush()
        answers = {}
        while len(answers) < 3:
            answer = json.loads(process.stdout.readline())
            answers[answer.get("id")] = answer
        process.stdin.close()

        assert "supportedVersions" in answers[1]["result"]
        assert answers[2]["result"]["protocolVersion"] == "2025-06-18"
        assert "aws_query_costs" in {tool["name"] for tool in answers[3]["result"]["tools"]}
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
