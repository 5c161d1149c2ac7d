"""The Google Cloud server."""

from typing import TYPE_CHECKING, Any, Final

from mcp.server import MCPServer

from servers.gcp.exports import NATIVE_FORMATS
from servers.gcp.settings import GcpSettings, load_gcp_settings
from servers.kit.app import Clock, converted_folder, exported_cloud
from servers.kit.app import build_server as build_cloud_server
from servers.kit.settings import Settings
from shared_models.period import utc_now

if TYPE_CHECKING:
    from servers.gcp.sdk import Wire

_TITLE: Final = "Google Cloud"


def build_server(
    settings: Settings, gcp: GcpSettings | None = None, clock: Clock = utc_now, wire: "Wire | None" = None
) -> MCPServer[Any]:
    """The MCP server whose tools begin with `gcp_`; it asks Google itself, by `wire`, where that is switched on.

    Raises:
        InvalidArgumentError: a SKYLEDGER_GCP_ variable that cannot be used.

    """
    gcp = gcp or load_gcp_settings()
    exported = exported_cloud("gcp", NATIVE_FORMATS, settings)
    if settings.sample or not gcp.live:
        return build_cloud_server(_TITLE, exported, settings, clock)
    from servers.gcp.cloud import Gcp  # noqa: PLC0415 - a server of exported data starts without the live half
    from servers.gcp.live import Live  # noqa: PLC0415

    live = Live(gcp, settings.home / "servers" / "gcp", clock, wire)
    return build_cloud_server(_TITLE, Gcp(exported, live, converted_folder("gcp", settings)), settings, clock)
