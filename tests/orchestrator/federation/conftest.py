"""Three clouds on which one misbehaves: its folder, and its server on each of the three transports."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from mcp import StdioServerParameters

from orchestrator.federation.connection import Target
from tests.conftest import REPOSITORY
from tests.orchestrator.federation import faulty_cloud

MODULE = "tests.orchestrator.federation.faulty_cloud"
CARD = {
    "server": "skyledger-x", "version": "1", "mode": "exports", "billing_account_ids": ["1"], "regions": [],
    "offers": ["costs", "inventory"], "not_offered": [], "freshness": [],
}  # fmt: skip


def cloud_folder(folder: Path, provider: str) -> Path:
    """The folder of one cloud that behaves."""
    folder.mkdir(parents=True)
    resource = {
        "resource_id": f"{provider}-vm", "resource_type": "virtual_machine", "native_type": "vm",
        "provider": provider, "sub_account_id": "1",
    }  # fmt: skip
    page = {"data": [resource], "pagination": {}, "coverage": {"complete": True, "answered": [provider]}, "freshness": []}
    (folder / "card.json").write_text(json.dumps({**CARD, "provider": provider}))
    (folder / "resources.json").write_text(json.dumps(page))
    (folder / faulty_cloud.FAULT).write_text("")
    return folder


@dataclass
class Azure:
    """The cloud that misbehaves, however it is reached."""

    folder: Path
    transport: str
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def misbehaves(self, fault: str) -> None:
        (self.folder / faulty_cloud.FAULT).write_text(fault)

    def behaves(self) -> None:
        self.misbehaves("")
        if self.transport == "http":
            self.serve()

    def target(self) -> Target:
        if self.transport == "in-process":
            return faulty_cloud.build("azure", self.folder)
        if self.transport == "http":
            return f"http://127.0.0.1:{self.port}/mcp?token={faulty_cloud.CANARY}"
        return StdioServerParameters(
            command=sys.executable, args=["-m", MODULE, "azure", str(self.folder), "stdio"],
            env={"PYTHONPATH": str(REPOSITORY)}, cwd=REPOSITORY, encoding_error_handler="replace",
        )  # fmt: skip

    def starts(self) -> int:
        """How often its process was started."""
        file = self.folder / faulty_cloud.STARTS
        return len(file.read_text().splitlines()) if file.exists() else 0

    def serve(self) -> None:
        """Start the HTTP server where none lives, and wait until it listens."""
        if self._process is not None and self._process.poll() is None:
            return
        command = [sys.executable, "-m", MODULE, "azure", str(self.folder), str(self.port)]
        self._process = subprocess.Popen(command, cwd=REPOSITORY)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
        pytest.fail("the server did not listen")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def healthy(tmp_path: Path) -> dict[str, Target]:
    """The two clouds that always behave."""
    return {name: faulty_cloud.build(name, cloud_folder(tmp_path / name, name)) for name in ("aws", "gcp")}


@pytest.fixture
def azure(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Azure]:
    """The cloud that will misbehave, on the transport that the test is parametrised with; it behaves at first."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    cloud = Azure(cloud_folder(tmp_path / "azure", "azure"), request.getfixturevalue("transport"), port)
    yield cloud
    cloud.stop()


@pytest.fixture
def no_orphans() -> Iterator[Callable[[], list[str]]]:
    """The command lines of child processes on stdio that still live."""

    def orphans() -> list[str]:
        children = psutil.Process().children(recursive=True)
        lines = [" ".join(child.cmdline()) for child in children if child.status() != psutil.STATUS_ZOMBIE]
        return [line for line in lines if MODULE in line and line.endswith("stdio")]

    yield orphans
    assert orphans() == []
