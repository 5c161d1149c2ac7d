"""What `skyledger doctor` says of each cloud: what is configured, what is missing, and the next command."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from orchestrator.ledger.snapshot import Snapshot
from orchestrator.settings import Settings, Upstream
from shared_models.server_card import Port
from skyledger.clouds import CLOUDS, live_setup, server_settings

_FILES: Final = tuple(port for port in Port if port not in {Port.COSTS, Port.EXPORTS})


def cloud_lines(settings: Settings, snapshot: Snapshot) -> list[tuple[bool, str]]:
    """One line a cloud; false where something that is configured cannot work."""
    return [
        (good, f"{cloud}: {_booked(cloud, snapshot)}; {said}")
        for cloud in CLOUDS
        for good, said in [_source(cloud, settings.upstreams.get(cloud, Upstream()), snapshot)]
    ]


def _booked(cloud: str, snapshot: Snapshot) -> str:
    months = sorted({f"{load.billing_period_start:%Y-%m}" for load in snapshot.booked if load.provider == cloud})
    return f"bills from {months[0]} to {months[-1]} are in the ledger" if months else "no bill is in the ledger"


def _source(cloud: str, upstream: Upstream, snapshot: Snapshot) -> tuple[bool, str]:
    if not upstream.enabled:
        return True, f"its server is off; next: enabled = true under [upstreams.{cloud}] in skyledger.toml"
    if upstream.url or upstream.command:
        where = upstream.url or " ".join(upstream.command)
        return True, f"its server is {where}; next: skyledger sync"
    live, folder = live_setup(cloud), server_settings(cloud, None).exports
    if live is None or not live.on:
        return _exports(cloud, folder, cloud in snapshot.providers)
    if live.wrong:
        return False, f"asked live, but {' '.join(live.wrong)}"
    beside = (f"exports in {folder} too",) if folder is not None and folder.is_dir() else ()
    said = ", ".join((*live.said, *beside)) or "by the default credentials"
    return True, f"asked live ({said}); next: skyledger doctor {cloud}, then skyledger sync"


def _exports(cloud: str, folder: Path | None, booked: bool) -> tuple[bool, str]:  # noqa: FBT001
    variable = f"SKYLEDGER_{cloud.upper()}_EXPORTS"
    if folder is None:
        wanted = "for sync, resources and recommendations" if booked else f"or skyledger import PATH --provider {cloud}"
        return True, f"{variable} is not set; next: export {variable}=/path/to/{cloud}, then skyledger sync, {wanted}"
    if not folder.is_dir():
        return False, f"{variable} names {folder}, which is no folder; next: export {variable}=/path/to/{cloud}"
    if not (folder / "costs").is_dir():
        return False, f"{folder} has no costs/; next: mkdir {folder}/costs, put the bills there, then skyledger sync"
    missing = [f"{port.value}.parquet" for port in _FILES if not (folder / f"{port.value}.parquet").is_file()]
    lacks = f", without {', '.join(missing)}" if missing else ""
    return True, f"exports in {folder}{lacks}; next: skyledger sync"


def settings_file(settings: Settings, environment: Mapping[str, str] = os.environ) -> str:
    """Where the settings come from."""
    file = Path(environment.get("SKYLEDGER_CONFIG") or settings.home / "skyledger.toml")
    return f"settings {file}" if file.is_file() else f"settings: defaults, for there is no {file}"
