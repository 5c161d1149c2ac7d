"""HTTP under the endpoint: whole replies, late ones, dripping ones, and those that end too early."""

import secrets
import socket
import time
from http.server import BaseHTTPRequestHandler
from typing import Protocol

from tests.clouds.faults import Fault
from tests.clouds.wire import Reply, Request


class Answering(Protocol):
    """What an endpoint is to the server: it answers, and it hears of its own breakdowns."""

    broken: list[str]

    def answer(self, request: Request) -> tuple[Reply, Fault | None]:
        """The reply to one request, and the fault that its transport still has to suffer."""
        ...


def handler_of(endpoint: Answering, request_id: str) -> type[BaseHTTPRequestHandler]:
    """The handler class of one endpoint's server; `request_id` is the header by which the cloud numbers its replies."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30
        wbufsize = -1
        disable_nagle_algorithm = True  # a reply in two packets would wait 40 ms for the client's acknowledgement

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                answered, fault = endpoint.answer(Request(self.command, self.path, headers, body))
            except Exception as error:  # noqa: BLE001 - the test must hear of it, the caller must not retry it
                endpoint.broken.append(f"{headers.get('x-amz-target') or self.path}: {error!r}")
                answered, fault = Reply(400, b'{"__type":"FakeIsBroken"}'), None
            self._send(answered, fault)

        do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_PATCH = serve  # noqa: N815

        def _send(self, answered: Reply, fault: Fault | None) -> None:
            if fault and fault.delay:
                time.sleep(fault.delay)
            self.send_response(answered.status)
            for name, value in answered.headers.items():
                self.send_header(name, str(value))
            self.send_header(request_id, secrets.token_hex(16))
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
