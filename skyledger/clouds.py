"""The cloud servers, built by name. Apart from the composition root, so that one of them starts without the rest."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mcp.server import MCPServer

from servers.kit.exports.native import NativeFormat
from servers.kit.live.setup import LiveSetup
from servers.kit.settings import Settings as ServerSettings
from servers.kit.settings import load_settings as load_server_settings

CLOUDS = ("aws", "azure", "gcp")


def sample_folder(home: Path, progress: Callable[[float, str], None] | None = None) -> Path:
    """The sample organisation below the home, generated on first use."""
    from servers.sample.generate import generate  # noqa: PLC0415 - only --sample needs it

    folder = home / "sample"
    if not (folder / "sample.json").is_file():
        generate(folder, progress=progress)
    return folder


def server_settings(cloud: str, sample: Path | None) -> ServerSettings:
    """The settings of a cloud's server, pointed at the sample organisation where that is wanted."""
    settings = load_server_settings(cloud)
    if sample is None:
        return settings
    return settings.model_copy(
        update={"exports": sample / cloud, "home": settings.home / "sample-state", "sample": True}
    )


def build_cloud(cloud: str, settings: ServerSettings) -> MCPServer[Any]:
    """One cloud's server; its module is loaded only now."""
    return import_module(f"servers.{cloud}.server").build_server(settings)


def live_setup(cloud: str) -> LiveSetup | None:
    """A cloud's live half as the environment sets it; null where the cloud has none.

    Raises:
        InvalidArgumentError: a setting of it that cannot be used.

    """
    if find_spec(f"servers.{cloud}.setup") is None:
        return None
    return import_module(f"servers.{cloud}.setup").live_setup()


def native_formats() -> tuple[NativeFormat, ...]:
    """The native bill formats of all clouds."""
    return tuple(native for cloud in CLOUDS for native in import_module(f"servers.{cloud}.exports").NATIVE_FORMATS)
