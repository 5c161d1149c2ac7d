"""Federation: one question to three in-process cloud servers, against calling their three tools directly."""

import statistics
import tempfile
import time
from pathlib import Path

import anyio
from mcp import Client

from orchestrator.federation.federation import Federation
from orchestrator.federation.upstream import Upstream
from servers.kit.settings import Settings
from shared_models.server_card import ServerCard
from skyledger.clouds import CLOUDS, build_cloud

TIMES = 200


def run(_rows: int) -> None:
    with tempfile.TemporaryDirectory(prefix="skyledger-bench-") as name:
        anyio.run(_measure, Path(name))


async def _measure(home: Path) -> None:
    servers = {cloud: build_cloud(cloud, Settings(home=home)) for cloud in CLOUDS}
    direct, federated, cpu = [], [], []
    async with Client(servers["aws"]) as aws, Client(servers["azure"]) as azure, Client(servers["gcp"]) as gcp:
        clients = {"aws": aws, "azure": azure, "gcp": gcp}
        async with Federation([Upstream(cloud, server) for cloud, server in servers.items()]).running() as federation:
            for _ in range(TIMES):
                started = time.perf_counter()
                for cloud, client in clients.items():
                    result = await client.call_tool(f"{cloud}_describe_server", {})
                    ServerCard.model_validate(result.structured_content)
                direct.append((time.perf_counter() - started) * 1000)
                started, used = time.perf_counter(), time.process_time()
                answers = await federation.ask_all("describe_server", {}, ServerCard, deadline=60)
                federated.append((time.perf_counter() - started) * 1000)
                cpu.append((time.process_time() - used) * 1000)
                assert answers.coverage.complete
    print(f"one question to three in-process servers, median of {TIMES}")
    print(f"  the three tools, one after another  {statistics.median(direct):7.2f} ms")
    print(f"  Federation.ask_all                  {statistics.median(federated):7.2f} ms")
    print(f"  overhead                            {statistics.median(federated) - statistics.median(direct):7.2f} ms")
    print(f"  CPU of the federated question       {statistics.median(cpu):7.2f} ms")
