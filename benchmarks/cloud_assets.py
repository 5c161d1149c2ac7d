"""Cloud Asset Inventory: a page of 1,000 assets through an in-memory MCP client, against the bare client.

The endpoint is a loopback server that answers the page at once, so that what is measured is ours: reading it into typed
resources, keeping them on disk, and answering from there.
"""

import json
import statistics
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import anyio
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import asset_v1
from mcp import Client

from servers.gcp.sdk import Wire
from servers.gcp.server import build_server
from servers.gcp.settings import GcpSettings
from servers.kit.settings import Settings

TIMES = 7
ASSETS = 1_000
SCOPE = "projects/web-prod"
_ZONE = "https://www.googleapis.com/compute/v1/projects/web-prod/zones/europe-west1-b"


def _asset(number: int) -> dict[str, object]:
    name = f"vm-{number}"
    data = {
        "id": str(10**18 + number), "name": name, "status": "RUNNING",
        "labels": {"env": "prod", "team": f"t{number % 9}"},
        "machineType": f"{_ZONE}/machineTypes/n2-standard-8", "creationTimestamp": "2026-03-01T10:00:00.000-07:00",
        "cpuPlatform": "Intel Ice Lake", "scheduling": {"provisioningModel": "STANDARD", "preemptible": False},
        "disks": [{"boot": True, "source": f"{_ZONE}/disks/{name}"}],
        "lastStartTimestamp": "2026-03-01T10:00:05.000-07:00",
        "networkInterfaces": [{"network": "global/networks/default", "accessConfigs": [{"natIP": "192.0.2.7"}]}],
    }  # fmt: skip
    return {
        "name": f"//compute.googleapis.com/{SCOPE}/zones/europe-west1-b/instances/{name}",
        "assetType": "compute.googleapis.com/Instance",
        "ancestors": ["projects/77", "organizations/1"],
        "resource": {"version": "v1", "location": "europe-west1-b", "data": data},
    }


PAGE = json.dumps({"assets": [_asset(number) for number in range(ASSETS)]}).encode()
PROJECT = json.dumps(
    {
        "assets": [
            {
                "name": "//cloudresourcemanager.googleapis.com/projects/77",
                "assetType": "cloudresourcemanager.googleapis.com/Project",
                "resource": {"data": {"projectId": "web-prod", "projectNumber": "77"}},
            }
        ]
    }
).encode()


class _Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave together: no wait for a delayed acknowledgement

    def do_GET(self) -> None:
        body = PROJECT if "cloudresourcemanager" in self.path and "compute" not in self.path else PAGE
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


def run(_rows: int) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    options = ClientOptions(api_endpoint=f"http://127.0.0.1:{server.server_address[1]}")
    with tempfile.TemporaryDirectory(prefix="skyledger-bench-") as name:
        anyio.run(_measure, Path(name), options)
    server.shutdown()


async def _measure(home: Path, options: ClientOptions) -> None:
    wire = Wire(options=options, credentials=lambda: (AnonymousCredentials(), "web-prod"))
    bare_client = asset_v1.AssetServiceClient(
        credentials=AnonymousCredentials(), client_options=options, transport="rest"
    )
    bare, first, kept = [], [], []
    for number in range(TIMES):
        started = time.perf_counter()
        page = bare_client.list_assets({"parent": SCOPE, "content_type": "RESOURCE", "page_size": ASSETS})
        assert len(list(page)) == ASSETS
        bare.append((time.perf_counter() - started) * 1000)
        settings = GcpSettings(live=True, scopes=(SCOPE,))
        async with Client(build_server(Settings(home=home / str(number)), settings, wire=wire)) as client:
            for times in (first, kept):
                started = time.perf_counter()
                asked = {"limit": 20, "resource_type": "virtual_machine"}
                answer = await client.call_tool("gcp_list_resources", asked)
                times.append((time.perf_counter() - started) * 1000)
                assert not answer.is_error, answer
                assert answer.structured_content["pagination"]["total_estimate"] == ASSETS
    print(f"Cloud Asset Inventory, one page of {ASSETS} assets, median of {TIMES}, in-memory client")
    print(f"  bare client, read and walked          {statistics.median(bare):8.1f} ms")
    print(f"  gcp_list_resources, read and kept     {statistics.median(first):8.1f} ms")
    print(f"  gcp_list_resources, from what is kept {statistics.median(kept):8.1f} ms")
    print(f"  ratio of the first answer             {statistics.median(first) / statistics.median(bare):8.2f}")
