"""How a server ends: with its stdin, with its parent, and when it is asked to."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import REPOSITORY

INITIALIZE = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}  # fmt: skip
# Starts the server with its own stdin and stdout, says who it is on stderr, and waits to be killed.
WRAPPER = (
    "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-m', 'skyledger', 'gcp']);"
    " print(child.pid, file=sys.stderr, flush=True); time.sleep(600)"
)
Started = subprocess.Popen[str]


def start(home: Path, *command: str) -> Started:
    environment = {"PATH": os.environ["PATH"], "SKYLEDGER_HOME": str(home), "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(
        [sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment, cwd=home,
    )  # fmt: skip


@pytest.fixture
def started() -> Iterator[list[Started]]:
    """The processes of a test; none of them outlives it."""
    processes: list[Started] = []
    yield processes
    for process in processes:
        for child in psutil.Process(process.pid).children() if process.poll() is None else ():
            child.kill()
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()


def greet(process: Started) -> None:
    """Wait until the server has answered."""
    process.stdin.write(json.dumps(INITIALIZE) + "\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["id"] == 1


def test_a_server_ends_soon_after_its_stdin(tmp_path: Path, started: list[Started]) -> None:
    process = start(tmp_path, "-m", "skyledger", "orchestrator")
    started.append(process)
    greet(process)
    asked = time.monotonic()
    process.stdin.close()

    assert process.wait(timeout=10) == 0
    assert time.monotonic() - asked < 5  # 0.5 s where nothing else runs


@pytest.mark.parametrize("asking", [signal.SIGINT, signal.SIGTERM])
def test_a_server_ends_when_asked_although_its_stdin_stays_open(
    asking: signal.Signals, tmp_path: Path, started: list[Started]
) -> None:
    process = start(tmp_path, "-m", "skyledger", "gcp")
    started.append(process)
    greet(process)
    process.send_signal(asking)

    assert process.wait(timeout=5) == 0
    assert "Traceback" not in process.stderr.read()


def test_a_server_ends_with_its_parent_although_its_stdin_stays_open(tmp_path: Path, started: list[Started]) -> None:
    wrapper = start(tmp_path, "-c", WRAPPER)
    started.append(wrapper)
    server = psutil.Process(int(wrapper.stderr.readline()))
    greet(wrapper)
    wrapper.kill()

    gone, _ = psutil.wait_procs([server], timeout=10)
    assert gone, "the server outlived its parent"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_children_of_an_orchestrator_do_not_outlive_it(
    how: signal.Signals, tmp_path: Path, started: list[Started]
) -> None:
    (tmp_path / "skyledger.toml").write_text(
        f'[upstreams.gcp]\ncommand = ["{sys.executable}", "-c", "import sys; sys.path.insert(0, {str(REPOSITORY)!r});'
        " sys.argv[1:] = ['gcp']; import skyledger; skyledger.main()\"]\n"
        "[upstreams.aws]\nenabled = false\n[upstreams.azure]\nenabled = false\n"
    )
    process = start(tmp_path, "-m", "skyledger", "orchestrator")
    started.append(process)
    greet(process)
    ask = {
        "jsonrpc": "2.0",
        "id": 2,
        "method": "tools/call",
        "params": {"name": "finops_describe_estate", "arguments": {}},
    }
    process.stdin.write(json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}) + "\n")
    process.stdin.write(json.dumps(ask) + "\n")
    process.stdin.flush()
    answer = json.loads(process.stdout.readline())
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(how)

    assert answer["result"]["structuredContent"]["coverage"]["complete"]
    assert len(children) == 1
    assert psutil.wait_procs(children, timeout=15)[1] == []
