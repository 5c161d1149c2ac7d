"""The Microsoft Azure server."""

from typing import TYPE_CHECKING, Any, Final

from mcp.server import MCPServer

from servers.azure.exports import NATIVE_FORMATS
from servers.azure.settings import AzureSettings, load_azure_settings
from servers.kit.app import Clock, converted_folder, exported_cloud
from servers.kit.app import build_server as build_cloud_server
from servers.kit.settings import Settings
from shared_models.period import utc_now

if TYPE_CHECKING:
    from servers.azure.sdk import Wire

_TITLE: Final = "Microsoft Azure"


def build_server(
    settings: Settings, azure: AzureSettings | None = None, clock: Clock = utc_now, wire: "Wire | None" = None
) -> MCPServer[Any]:
    """The MCP server whose tools begin with `azure_`; it asks Azure itself, by `wire`, where that is switched on.

    Raises:
        InvalidArgumentError: a SKYLEDGER_AZURE_ variable that cannot be used.

    """
    azure = azure or load_azure_settings()
    exported = exported_cloud("azure", NATIVE_FORMATS, settings)
    if settings.sample or not azure.live:
        return build_cloud_server(_TITLE, exported, settings, clock)
    from servers.azure.cloud import Azure  # noqa: PLC0415 - a server of exported data starts without the live half
    from servers.azure.live import Live  # noqa: PLC0415

    live = Live(azure, settings.home / "servers" / "azure", clock, wire)
    return build_cloud_server(_TITLE, Azure(exported, live, converted_folder("azure", settings)), settings, clock)
