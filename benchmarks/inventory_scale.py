"""Inventory of many accounts: requests, seconds and memory of one whole reading against a local endpoint.

The endpoint answers every listing at once and emptily, so that what is measured is ours: clients, signing, parsing,
walking. `make bench-inventory ACCOUNTS=40 REGIONS=3`.
"""

import argparse
import os
import resource
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anyio

from servers.aws.inventory.port import LiveInventory
from servers.aws.inventory.scan import Scope
from servers.aws.live import Live
from servers.aws.settings import AwsSettings

NAMES = ("us-east-1", "eu-west-1", "eu-central-1", "us-west-2", "ap-southeast-2", "eu-north-1")
OWN = "111122223333"
IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::{OWN}:user/bench</Arn><UserId>U</UserId><Account>{OWN}</Account></GetCallerIdentityResult>
</GetCallerIdentityResponse>"""
ROLE = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIABENCH</AccessKeyId><SecretAccessKey>bench</SecretAccessKey><SessionToken>bench</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""
XML = ("s3/", "route53/", "cloudfront/")


class _Empty(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave together: no wait for a delayed acknowledgement
    served = 0
    guard = threading.Lock()

    def _answer(self) -> None:
        asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.guard:
            _Empty.served += 1
        form = "form-urlencoded" in self.headers.get("Content-Type", "")
        scope = self.headers.get("Authorization", "")
        body = "<Empty/>" if form or any(f"/{name}aws4" in scope for name in XML) else "{}"
        if b"Action=GetCallerIdentity" in asked:
            body = IDENTITY
        elif b"Action=AssumeRole" in asked:
            body = ROLE
        self.send_response(200)
        self.send_header("Content-Type", "text/xml" if body.startswith("<") else "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Silent."""


def _settled(scope: Scope) -> Callable[[], Awaitable[Scope]]:
    async def said() -> Scope:
        return scope

    return said


def main() -> None:
    """Print one line of figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=40)
    parser.add_argument("--regions", type=int, default=3)
    options = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Empty)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    accounts = tuple(f"{200000000000 + number}" for number in range(options.accounts))
    places = tuple((account, NAMES[: options.regions]) for account in accounts)
    with tempfile.TemporaryDirectory(prefix="skyledger-bench-") as name:
        live = Live(AwsSettings(live=True, role="Reader"), Path(name), lambda: datetime.now(UTC))

        def client(service: str, region: str, account: str | None) -> Any:
            return live.sessions.client(service, region, account)

        inventory = LiveInventory(client, _settled(Scope(accounts, places=places)), Path(name), live.clock)
        started, cpu = time.perf_counter(), time.process_time()
        found: Any = anyio.run(lambda: inventory.page({}, offset=0, limit=10))
        took, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{options.accounts} accounts x {options.regions} regions: {_Empty.served} requests, {took:.0f} s"
        f" ({cpu:.0f} CPU s, endpoint included), {peak:.0f} MiB at most, {len(found.gaps)} gaps"
    )
    for gap in found.gaps[:5]:
        print("  gap:", gap.message[:200])
    server.shutdown()


if __name__ == "__main__":
    main()
