"""The Amazon Web Services server."""

from typing import Any

from mcp.server import MCPServer

from servers.aws.cloud import Aws
from servers.aws.exports import NATIVE_FORMATS
from servers.aws.live import Live
from servers.aws.settings import AwsSettings, load_aws_settings
from servers.kit.app import Clock, converted_folder, exported_cloud
from servers.kit.app import build_server as build_cloud_server
from servers.kit.settings import Settings
from shared_models.period import utc_now


def build_server(settings: Settings, aws: AwsSettings | None = None, clock: Clock = utc_now) -> MCPServer[Any]:
    """The MCP server whose tools begin with `aws_`; it asks AWS itself where that is switched on.

    Raises:
        InvalidArgumentError: a SKYLEDGER_AWS_ variable that cannot be used.

    """
    aws = aws or load_aws_settings()
    exported = exported_cloud("aws", NATIVE_FORMATS, settings)
    ports = (
        exported
        if settings.sample or not aws.live
        else Aws(exported, Live(aws, settings.home / "servers" / "aws", clock), converted_folder("aws", settings))
    )
    return build_cloud_server("Amazon Web Services", ports, settings, clock)
