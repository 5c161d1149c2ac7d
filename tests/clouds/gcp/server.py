"""HTTP under the endpoint: whole replies, late ones, and those that end too early."""

import gzip
import socket
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from tests.clouds.gcp.faults import Fault
from tests.clouds.gcp.wire import Reply, Request

if TYPE_CHECKING:
    from tests.clouds.gcp.endpoint import Endpoint


def handler_of(endpoint: "Endpoint") -> type[BaseHTTPRequestHandler]:
    """The handler class of one endpoint's server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30
        wbufsize = -1
        disable_nagle_algorithm = True  # a reply in two packets would wait 40 ms for the client's acknowledgement

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            if headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            try:
                answered, fault = endpoint.answer(Request(self.command, self.path, headers, body))
            except Exception as error:  # noqa: BLE001 - the test must hear of it, the caller must not retry it
                endpoint.broken.append(f"{self.command} {self.path}: {error!r}")
                answered, fault = Reply(400, b'{"error":{"code":400,"message":"FakeIsBroken"}}'), None
            self._send(answered, fault)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve  # noqa: N815

        def _send(self, answered: Reply, fault: Fault | None) -> None:
            if fault and fault.delay:
                time.sleep(fault.delay)
            self.send_response(answered.status)
            for name, value in {"Content-Type": "application/json; charset=UTF-8", **answered.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answered.body)))
            self.end_headers()
            if fault and fault.keep_bytes is not None:
                self.wfile.write(answered.body[: int(len(answered.body) * fault.keep_bytes)])
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
            else:
                self.wfile.write(answered.body)

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # the client went away: its business
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Nothing: `served` has it."""

    return Handler
