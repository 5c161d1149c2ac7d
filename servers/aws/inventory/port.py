"""The inventory port over every kind of AWS's table."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from servers.aws.inventory.scan import Scope, scan
from servers.aws.inventory.table import TypeRow, resource_types
from servers.aws.inventory.walk import Clients
from servers.kit.live.everywhere import WORKERS
from servers.kit.live.inventory import port
from servers.kit.live.inventory.port import FRESH_FOR
from servers.kit.live.inventory.refusals import Refusal
from servers.kit.live.inventory.snapshot import Sink
from shared_models.inventory import ResourceType


class LiveInventory(port.LiveInventory[Scope]):
    """Resources of all accounts in scope, kept in a folder between questions."""

    def __init__(
        self,
        clients: Clients,
        scope: Callable[[], Awaitable[Scope]],
        folder: Path,
        clock: Callable[[], datetime],
        *,
        rows: Sequence[TypeRow] | None = None,
        fresh_for: timedelta = FRESH_FOR,
        workers: int = WORKERS,
    ) -> None:
        """`scope` says the accounts and regions; it may ask the cloud."""
        known = resource_types() if rows is None else tuple(rows)
        super().__init__("aws", _Table(known, clients, scope, workers), folder, clock, fresh_for=fresh_for)


class _Table:
    """The reader over the rows of the table."""

    def __init__(
        self, rows: Sequence[TypeRow], clients: Clients, scope: Callable[[], Awaitable[Scope]], workers: int
    ) -> None:
        self._rows = rows
        self._clients = clients
        self._workers = workers
        self.scope = scope
        self.kinds: Mapping[str, ResourceType] = {row.native_type: row.kind for row in rows}

    async def read(self, kinds: Sequence[ResourceType], scope: Scope, sink: Sink) -> tuple[Refusal, ...]:
        """Walk the rows of these kinds."""
        rows = [row for row in self._rows if row.kind in kinds]
        return await scan(rows, scope, self._clients, sink, workers=self._workers)
