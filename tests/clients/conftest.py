"""The four servers over one small sample organisation, as any client sees them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from mcp.server import MCPServer

from orchestrator.federation.upstream import Upstream
from orchestrator.server import build_orchestrator
from orchestrator.settings import load_settings
from orchestrator.tools.registry import TOOLSETS
from servers.kit.settings import Settings as ServerSettings
from servers.sample.generate import generate
from skyledger.clouds import CLOUDS, build_cloud

Build = Callable[[str], MCPServer[Any]]


@pytest.fixture(scope="package", autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of refusals are no news."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three thousand line items over two months."""
    folder = tmp_path_factory.mktemp("clients") / "sample"
    generate(folder, rows=3_000, months=2)
    return folder


@pytest.fixture(scope="session")
def build(sample: Path) -> Build:
    """A server by name; the orchestrator has all of its tools and its three clouds in this process."""
    home = sample.parent / "home"

    def cloud(name: str) -> MCPServer[Any]:
        return build_cloud(name, ServerSettings(home=home, exports=sample / name))

    def one(name: str) -> MCPServer[Any]:
        if name in CLOUDS:
            return cloud(name)
        settings = load_settings({"SKYLEDGER_HOME": str(home)}, extra_config=sample / "business" / "skyledger.toml")
        return build_orchestrator(settings, [Upstream(each, cloud(each)) for each in CLOUDS], toolsets=TOOLSETS)

    return one
