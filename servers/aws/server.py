"""The Amazon Web Services server."""

from typing import Any, Final

from mcp.server import MCPServer

from servers.aws.exports import NATIVE_FORMATS
from servers.aws.settings import AwsSettings, load_aws_settings
from servers.kit.app import Clock, converted_folder, exported_cloud
from servers.kit.app import build_server as build_cloud_server
from servers.kit.settings import Settings
from shared_models.period import utc_now

_TITLE: Final = "Amazon Web Services"


def build_server(settings: Settings, aws: AwsSettings | None = None, clock: Clock = utc_now) -> MCPServer[Any]:
    """The MCP server whose tools begin with `aws_`; it asks AWS itself where that is switched on.

    Raises:
        InvalidArgumentError: a SKYLEDGER_AWS_ variable that cannot be used.

    """
    aws = aws or load_aws_settings()
    exported = exported_cloud("aws", NATIVE_FORMATS, settings)
    if settings.sample or not aws.live:
        return build_cloud_server(_TITLE, exported, settings, clock)
    from servers.aws.cloud import Aws  # noqa: PLC0415 - a server of exported data starts without the live half
    from servers.aws.live import Live  # noqa: PLC0415
    from servers.aws.resources import SAID, add_aws_resources  # noqa: PLC0415

    live = Live(aws, settings.home / "servers" / "aws", clock)
    ports = Aws(exported, live, converted_folder("aws", settings))
    app = build_cloud_server(_TITLE, ports, settings, clock, also=SAID)
    add_aws_resources(app, live)
    return app
