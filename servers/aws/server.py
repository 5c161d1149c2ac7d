"""The Amazon Web Services server."""

from typing import Any

from mcp.server import MCPServer

from servers.aws.exports import NATIVE_FORMATS
from servers.kit.app import build_server as build_cloud_server
from servers.kit.settings import Settings


def build_server(settings: Settings) -> MCPServer[Any]:
    """The MCP server whose tools begin with `aws_`."""
    return build_cloud_server("aws", "Amazon Web Services", NATIVE_FORMATS, settings)
