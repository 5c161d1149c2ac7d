"""The Google Cloud server."""

from typing import Any

from mcp.server import MCPServer

from servers.gcp.exports import NATIVE_FORMATS
from servers.kit.app import build_server as build_cloud_server
from servers.kit.app import exported_cloud
from servers.kit.settings import Settings


def build_server(settings: Settings) -> MCPServer[Any]:
    """The MCP server whose tools begin with `gcp_`."""
    return build_cloud_server("Google Cloud", exported_cloud("gcp", NATIVE_FORMATS, settings), settings)
