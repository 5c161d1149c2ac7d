"""Our servers as processes of their own over HTTP on loopback, for instruments that come from outside."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tests.conformance.fixtures import add_fixtures

REPOSITORY: Final = Path(__file__).resolve().parents[2]
OURS: Final = ("orchestrator", "aws", "azure", "gcp")
FIXTURES: Final = "orchestrator with fixtures"
_START_SECONDS: Final = 60


@contextmanager
def serving(names: tuple[str, ...], home: Path) -> Iterator[dict[str, str]]:
    """The MCP addresses of these servers by name; all are stopped at the end."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(_one(name, home)) for name in names}


@contextmanager
def _one(name: str, home: Path) -> Iterator[str]:
    address = f"127.0.0.1:{_free_port()}"
    module = ["tests.conformance.servers"] if name == FIXTURES else ["skyledger", name, "--http"]
    with (home / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *module, address],
            cwd=REPOSITORY,
            env={"PATH": os.environ["PATH"], "SKYLEDGER_HOME": str(home)},
            stdout=log,
            stderr=log,
        )
    try:
        _wait(process, address)
        yield f"http://{address}/mcp"
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(process: subprocess.Popen[bytes], address: str) -> None:
    host, _, port = address.partition(":")
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"a server did not come up at {address}")


def main() -> None:
    """Serve the real orchestrator with the suite's fixtures at HOST:PORT."""
    from serving import http  # noqa: PLC0415 - only the child serves
    from skyledger.compose import compose  # noqa: PLC0415

    app = compose(None)
    add_fixtures(app)
    http.run(app, sys.argv[1])


if __name__ == "__main__":
    main()
