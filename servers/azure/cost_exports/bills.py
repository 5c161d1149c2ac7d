"""The bills of all scopes: where their exports lie in blob storage, and the mirror of them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from servers.azure.cost_exports.discovery import Container, configured, containers, profiles
from servers.azure.cost_exports.store import BlobStore
from servers.azure.exports import NATIVE_FORMATS
from servers.azure.live import Live
from servers.azure.organisation import LiveOrganisation
from servers.azure.scopes import Scope, scopes
from servers.kit.exported.bills import Booked
from servers.kit.live.mirror.bills import Kind, MirroredBills, Place, Problems
from servers.kit.live.threads import off_loop
from shared_models.errors import FinOpsError, SourceNotEnabledError


class LiveBills(MirroredBills):
    """Mirrors, converts and keeps; `beside` are the bills of a local folder."""

    def __init__(self, live: Live, organisation: LiveOrganisation, cache: Path, beside: Booked | None) -> None:
        kind = Kind(
            "azure",
            "cost export",
            NATIVE_FORMATS,
            SourceNotEnabledError(
                "bills in bulk",
                source="Azure (no cost export found)",
                hint="Create a FOCUS export; `skyledger doctor azure --print export` prints the command.",
            ),
        )
        super().__init__(kind, self._looked_for, live.folder / "mirror", cache, beside, live.clock)
        self._live = live
        self._organisation = organisation
        self._scopes: tuple[Scope, ...] = ()
        self._unscoped: FinOpsError | None = None
        self.profiles: dict[str, tuple[Scope, ...]] = {}
        """The billing profiles of each billing account, by its scope's id; known once exports were looked for."""

    async def look(self, older_than: timedelta) -> None:
        """Look for new deliveries unless that was done a while ago; what could not be looked at is a gap.

        Raises:
            FinOpsError: nothing could be looked at, and nothing is mirrored.

        """
        self._unscoped = None
        if not self._live.settings.export_locations:
            try:
                self._scopes = (await scopes(self._live, self._organisation)).used
            except FinOpsError as error:
                self._unscoped = error
        await off_loop(self.refresh, older_than)

    def _looked_for(self, problems: Problems) -> Iterator[Place]:
        for container in dict.fromkeys(self._containers(problems)):
            told = f"{container.address}/{container.prefix}"
            try:
                yield Place(told, BlobStore(self._live, container))
            except FinOpsError as error:
                problems.append((told, error))

    def _containers(self, problems: Problems) -> Iterator[Container]:
        if self._live.settings.export_locations:
            yield from configured(self._live)
            return
        if self._unscoped is not None:
            problems.append(("our own tenant", self._unscoped))
        for scope in self._scopes:
            try:
                own = self.profiles[scope.id] = profiles(self._live, scope)
            except FinOpsError as error:
                own = ()
                problems.append((f"billing profiles of {scope.id}", error))
            for one in (scope, *own):
                try:
                    yield from containers(self._live, one)
                except FinOpsError as error:
                    problems.append((one.id, error))
