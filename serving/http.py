"""Serve over streamable HTTP, on this machine unless told otherwise."""

from typing import Any

from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from shared_models.errors import InvalidArgumentError

_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


def parse_address(text: str) -> tuple[str, int]:
    """`HOST:PORT` or `PORT` as (host, port).

    Raises:
        InvalidArgumentError: it is neither.

    """
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise InvalidArgumentError("--http", f"{text!r} is not HOST:PORT.", hint="For example --http 127.0.0.1:8765.")
    return host.strip("[]") or "127.0.0.1", int(port)


def run(app: MCPServer[Any], address: str) -> None:
    """Serve at http://HOST:PORT/mcp until stopped.

    The DNS-rebinding guard stays on for every address: a server that others reach names its own hosts.
    """
    host, port = parse_address(address)
    names = [host] if host not in _LOCAL else sorted(_LOCAL)
    app.run(
        "streamable-http",
        host=host,
        port=port,
        transport_security=TransportSecuritySettings(
            allowed_hosts=[f"{name}:*" for name in names], allowed_origins=[f"http://{name}:*" for name in names]
        ),
    )
