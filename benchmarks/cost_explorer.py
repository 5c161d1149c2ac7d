"""Cost Explorer: an uncached question through an in-memory MCP client, against the same call by bare boto3.

The endpoint is a loopback server that answers one recorded-size page at once, so that what is measured is ours.
"""

import json
import os
import statistics
import tempfile
import threading
import time
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import anyio
import boto3
from mcp import Client

from servers.aws.server import build_server
from servers.aws.settings import AwsSettings
from servers.kit.settings import Settings

TIMES = 40
GROUPS = 40


class _Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave together: no wait for a delayed acknowledgement

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        groups = [
            {"Keys": [f"Service {n}"], "Metrics": {"NetUnblendedCost": {"Amount": "1.5", "Unit": "USD"}}}
            for n in range(GROUPS)
        ]
        span = asked["TimePeriod"]
        body = json.dumps(
            {"ResultsByTime": [{"TimePeriod": span, "Total": {}, "Groups": groups, "Estimated": False}]}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


def run(_rows: int) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with tempfile.TemporaryDirectory(prefix="skyledger-bench-") as name:
        anyio.run(_measure, Path(name))
    server.shutdown()


async def _measure(home: Path) -> None:
    settings = AwsSettings(live=True, payers=("111122223333",), daily_purse=Decimal(100))
    ours, bare = [], []
    async with Client(build_server(Settings(home=home), settings)) as client:
        for number in range(TIMES + 1):
            asked = {
                "start": f"2026-{10 - number % 6:02d}-{1 + number // 6:02d}", "end": "2026-11-01", "source": "api",
                "metric": "BilledCost", "group_by": ["ServiceName"], "limit": 20,
            }  # fmt: skip
            await anyio.sleep(0.3)  # below the limiter's rate, which is no work of ours
            started = time.perf_counter()
            answer = await client.call_tool("aws_query_costs", asked)
            ours.append((time.perf_counter() - started) * 1000)
            assert not answer.is_error, answer
    ce = boto3.client("ce")
    for _ in range(TIMES + 1):
        started = time.perf_counter()
        ce.get_cost_and_usage(
            TimePeriod={"Start": "2026-10-01", "End": "2026-11-01"},
            Granularity="MONTHLY",
            Metrics=["NetUnblendedCost"],
            GroupBy=[{"Type": "DIMENSION", "Key": "SERVICE"}],
        )
        bare.append((time.perf_counter() - started) * 1000)
    print(f"Cost Explorer, one page of {GROUPS} groups, uncached, median of {TIMES}, in-memory client")
    print(f"  bare boto3                        {statistics.median(bare[1:]):7.1f} ms")
    print(f"  aws_query_costs through MCP       {statistics.median(ours[1:]):7.1f} ms")
    print(f"  ratio                             {statistics.median(ours[1:]) / statistics.median(bare[1:]):7.2f}")
