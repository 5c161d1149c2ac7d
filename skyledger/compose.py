"""The composition root: the one place where cloud servers and the orchestrator meet."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mcp import StdioServerParameters
from mcp.server import MCPServer

from orchestrator.federation.connection import Target
from orchestrator.federation.upstream import Upstream
from orchestrator.server import build_orchestrator
from orchestrator.settings import Settings, load_settings
from orchestrator.settings import Upstream as UpstreamSettings
from orchestrator.tools.registry import DEFAULT_TOOLSETS
from skyledger.clouds import CLOUDS, build_cloud, server_settings

_FORWARDED = {
    "aws": ("AWS_", "SKYLEDGER_AWS_"),
    "azure": ("AZURE_", "SKYLEDGER_AZURE_"),
    "gcp": ("GOOGLE_", "GCLOUD_", "CLOUDSDK_", "SKYLEDGER_GCP_"),
}
_ALWAYS_FORWARDED = ("SKYLEDGER_HOME", "SKYLEDGER_CONFIG", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


def orchestrator_settings(sample: Path | None) -> Settings:
    """The orchestrator's settings; the sample organisation brings its own business configuration and home."""
    if sample is None:
        return load_settings()
    settings = load_settings(extra_config=sample / "business" / "skyledger.toml")
    return settings.model_copy(update={"home": settings.home / "sample-state"})


def compose(sample: Path | None, toolsets: Sequence[str] = DEFAULT_TOOLSETS) -> MCPServer[Any]:
    """The orchestrator with its cloud servers: in this process unless the configuration says otherwise."""
    settings = orchestrator_settings(sample)
    upstreams = [
        _upstream(cloud, settings.upstreams.get(cloud, UpstreamSettings()), settings, sample)
        for cloud in CLOUDS
        if settings.upstreams.get(cloud, UpstreamSettings()).enabled
    ]
    return build_orchestrator(settings, upstreams, toolsets=toolsets)


def _upstream(cloud: str, how: UpstreamSettings, settings: Settings, sample: Path | None) -> Upstream:
    return Upstream(
        cloud,
        _target(cloud, how, sample),
        connect_seconds=settings.connect_seconds,
        break_seconds=settings.break_seconds,
    )


def _target(cloud: str, how: UpstreamSettings, sample: Path | None) -> Target:
    if how.url:
        return how.url
    if how.command:
        # A child that prints in another encoding than UTF-8 is unreadable, which is no reason to lose it.
        return StdioServerParameters(
            command=how.command[0],
            args=list(how.command[1:]),
            env=_environment(cloud),
            encoding_error_handler="replace",
        )
    return build_cloud(cloud, server_settings(cloud, sample))


def own_command(*arguments: str) -> list[str]:
    """The command that starts this program again, wherever it is installed."""
    here = Path(__file__).resolve().parent.parent
    code = f"import sys; sys.path.insert(0, {str(here)!r}); import skyledger; skyledger.main()"
    return [sys.executable, "-c", code, *arguments]


def _environment(cloud: str) -> dict[str, str]:
    """What a child may see, by name: its own cloud's variables, never another's."""
    allowed = (*_FORWARDED[cloud], *_ALWAYS_FORWARDED)
    return {name: value for name, value in os.environ.items() if name.startswith(allowed)}
