"""HTTP under the endpoint: whole replies, late ones, dripping ones, and those that end too early."""

import secrets
import socket
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from tests.clouds.aws.faults import Fault
from tests.clouds.aws.wire import Reply, Request

if TYPE_CHECKING:
    from tests.clouds.aws.endpoint import Endpoint


def handler_of(endpoint: "Endpoint") -> type[BaseHTTPRequestHandler]:
    """The handler class of one endpoint's server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                answered, fault = endpoint.answer(Request(self.command, self.path, headers, body))
            except Exception as error:  # noqa: BLE001 - the test must hear of it, the caller must not retry it
                endpoint.broken.append(f"{headers.get('x-amz-target') or self.path}: {error!r}")
                answered, fault = Reply(400, b'{"__type":"FakeIsBroken"}'), None
            self._send(answered, fault)

        do_GET = do_POST = do_HEAD = do_PUT = serve  # noqa: N815

        def _send(self, answered: Reply, fault: Fault | None) -> None:
            if fault and fault.delay:
                time.sleep(fault.delay)
            self.send_response(answered.status)
            for name, value in answered.headers.items():
                self.send_header(name, str(value))
            self.send_header("x-amzn-RequestId", secrets.token_hex(16))
            if "Content-Length" not in answered.headers:
                self.send_header("Content-Length", str(len(answered.body)))
            self.end_headers()
            if self.command == "HEAD":
                return
            body = answered.body
            if fault and fault.keep_bytes is not None:
                self.wfile.write(body[: int(len(body) * fault.keep_bytes)])
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
            elif fault and fault.drip:
                step = max(1, len(body) // 20)
                for start in range(0, len(body), step):
                    self.wfile.write(body[start : start + step])
                    self.wfile.flush()
                    time.sleep(fault.drip / 20)
            else:
                self.wfile.write(body)

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # the client went away: its business
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Nothing: `served` has it."""

    return Handler
