"""The Microsoft Azure server."""

from typing import Any

from mcp.server import MCPServer

from servers.azure.exports import NATIVE_FORMATS
from servers.kit.app import build_server as build_cloud_server
from servers.kit.app import exported_cloud
from servers.kit.settings import Settings


def build_server(settings: Settings) -> MCPServer[Any]:
    """The MCP server whose tools begin with `azure_`."""
    return build_cloud_server("Microsoft Azure", exported_cloud("azure", NATIVE_FORMATS, settings), settings)
