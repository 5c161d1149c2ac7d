"""Three clouds on which one misbehaves: its folder, and its server on each of the three transports."""

import hashlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from mcp import StdioServerParameters
from mcp.server import MCPServer

from orchestrator.federation.connection import Target
from orchestrator.federation.upstream import Upstream
from orchestrator.server import build_orchestrator
from orchestrator.settings import load_settings
from shared_models.coverage import Coverage
from shared_models.export import ExportAnswer, ExportManifest, PartAccess
from shared_models.page import Pagination
from tests.builders import cost_row, export_part
from tests.conftest import REPOSITORY
from tests.orchestrator.federation import faulty_cloud

DEADLINE = 2.0
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
    page = {
        "data": [resource],
        "pagination": {},
        "coverage": {"complete": True, "answered": [provider]},
        "freshness": [],
    }
    (folder / "card.json").write_text(json.dumps({**CARD, "provider": provider}))
    (folder / "resources.json").write_text(json.dumps(page))
    (folder / faulty_cloud.FAULT).write_text("")
    return folder


def bill(folder: Path, provider: str, data: bytes | None = None) -> None:
    """Two line items as a bulk hand-over in one chunk; `data` stands in for the Parquet file."""
    row = cost_row(x_Provider=provider, BillingAccountId=f"{provider}-1")
    part = export_part(folder / "parts", [row, {**row, "ResourceId": "r"}], path="/nowhere/part.parquet")
    chunk = next((folder / "parts").iterdir()).read_bytes() if data is None else data
    sha256 = hashlib.sha256(chunk).hexdigest()
    part = part.model_copy(update={"sha256": sha256})
    access = PartAccess(
        sha256=sha256, chunk_uris=(f"skyledger://{provider}/exports/{sha256}/0",), chunk_sha256=(sha256,)
    )
    manifest = ExportManifest(provider=provider, parts=(part,), access=(access,)).model_dump_json()
    digest = hashlib.sha256(manifest.encode()).hexdigest()
    answer = ExportAnswer(
        provider=provider, rows=2, totals=part.totals, data=(), pagination=Pagination(),
        manifest_uri=f"skyledger://{provider}/manifests/{digest}", manifest_sha256=digest,
        coverage=Coverage(complete=True, answered=(provider,)),
    )  # fmt: skip
    (folder / "chunk").write_bytes(chunk)
    (folder / "manifest.json").write_text(manifest)
    (folder / "export.json").write_text(answer.model_dump_json())


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
    for name in ("aws", "gcp"):
        bill(cloud_folder(tmp_path / name, name), name)
    return {name: faulty_cloud.build(name, tmp_path / name) for name in ("aws", "gcp")}


def orchestrator(
    home: Path,
    clouds: dict[str, Target],
    *,
    deadline: float = DEADLINE,
    break_seconds: float = 0.3,
    heartbeat: float = 10,
) -> MCPServer[Any]:
    """The orchestrator over the three clouds."""
    times = {"deadline_seconds": deadline, "heartbeat_seconds": heartbeat}
    settings = load_settings({"SKYLEDGER_HOME": str(home / "home")}).model_copy(update=times)
    upstreams = [
        Upstream(name, clouds[name], connect_seconds=20, break_seconds=break_seconds)
        for name in ("aws", "azure", "gcp")
    ]
    return build_orchestrator(settings, upstreams)


def _free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="session")
def http_azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    """The HTTP server that all tests share; one that a fault killed is started again."""
    cloud = Azure(cloud_folder(tmp_path_factory.mktemp("http") / "azure", "azure"), "http", _free_port())
    yield cloud
    cloud.stop()


@pytest.fixture
def azure(tmp_path: Path, request: pytest.FixtureRequest) -> Azure:
    """The cloud that will misbehave, on the transport that is the fixture's parameter; it behaves at first."""
    if request.param == "http":
        cloud: Azure = request.getfixturevalue("http_azure")
        cloud.behaves()
        return cloud
    return Azure(cloud_folder(tmp_path / "azure", "azure"), request.param)


@pytest.fixture
def no_orphans() -> Iterator[None]:
    """When the test is over, no child process on stdio lives."""
    yield
    children = psutil.Process().children(recursive=True)
    lines = [" ".join(child.cmdline()) for child in children if child.status() != psutil.STATUS_ZOMBIE]
    assert [line for line in lines if MODULE in line and line.endswith("stdio")] == []
