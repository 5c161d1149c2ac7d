"""What live Google Cloud shares between its ports: settings, sessions, pacing, purses, kept answers, the clock.

A port asks with `ask` (one answer), `items` (every item of a paged method) or, for what needs a client's own interface,
`live.sessions.client(service)` between `live.limiter(service).wait()` and `live.told(error, method, on)`:

    for found in live.items("recommender", "list_recommendations", {"parent": parent}, "recommendations", on=parent):

REST or gRPC is a matter of `servers.gcp.sdk.SERVICES`. Nothing here knows which it is.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from servers.gcp.errors import translated
from servers.gcp.session import Sessions
from servers.gcp.settings import GcpSettings
from servers.kit.live.answers import Answers
from servers.kit.live.pacing import Limiter
from servers.kit.live.purse import Purse
from servers.kit.live.threads import off_loop
from shared_models.errors import PermissionDeniedError, UpstreamUnavailableError
from shared_models.period import utc_now

if TYPE_CHECKING:
    from servers.gcp.sdk import Wire

RATES: Final = {
    "bigquery": (20.0, 20),
    "bigquerystorage": (20.0, 20),
    "cloudbilling": (4.0, 10),
    "cloudcatalog": (4.0, 10),
    "billingbudgets": (2.0, 10),
    "organizations": (8.0, 10),
    "folders": (8.0, 10),
    "projects": (8.0, 10),
    "cloudasset": (1.5, 10),
    "recommender": (8.0, 20),
}
"""Service -> (calls a second, at once), below Google's default quotas."""
_OTHERS: Final = (10.0, 20)
OUR_OWN: Final = "our own credentials"


@dataclass
class Live:
    """One object per server. `refused` remembers the permissions that Google refused, by (permission, where)."""

    settings: GcpSettings
    folder: Path
    clock: Callable[[], datetime] = utc_now
    wire: "Wire | None" = None
    refused: dict[tuple[str, str], PermissionDeniedError] = field(
        default_factory=dict[tuple[str, str], PermissionDeniedError]
    )

    def __post_init__(self) -> None:
        """Nothing here loads the SDK or asks Google."""
        self.sessions = Sessions(self.settings, self.wire)
        file = self.folder / "purse.sqlite"
        self.purse = Purse(file, "gcp-bigquery", self.settings.daily_purse, clock=self.clock)
        self.bytes = Purse(
            file,
            "gcp-bigquery-bytes",
            Decimal(self.settings.daily_bytes),
            unit="bytes",
            clock=self.clock,
            smallest=Decimal(1),
        )
        self.answers = Answers(self.folder / "answers.sqlite", self.clock)
        self._limiters: dict[str, Limiter] = {}

    async def ask(self, service: str, method: str, request: Mapping[str, Any], *, on: str = OUR_OWN) -> Any:
        """One answer of a service, paced, off the event loop.

        Raises:
            FinOpsError: as `servers.gcp.errors` translates what Google or its SDK says.

        """
        return await off_loop(self.asked, service, method, request, on=on)

    def asked(self, service: str, method: str, request: Mapping[str, Any], *, on: str = OUR_OWN) -> Any:
        """The same, blocking. A paged method's answer is its first page; `items` has them all."""
        self.limiter(service).wait()
        client = self.sessions.client(service)
        seconds = self.settings.patience_seconds
        try:
            return getattr(client, method)(request=dict(request), retry=self.sessions.retry, timeout=seconds)
        except Exception as error:
            raise self.told(error, f"{service}.{method}", on) from error

    def items(
        self, service: str, method: str, request: Mapping[str, Any], name: str, *, on: str = OUR_OWN
    ) -> Iterator[Any]:
        """Every item of a paged method, paced by page; blocking. `name` is the answer's repeated field.

        A page that comes a second time counts once.

        Raises:
            UpstreamUnavailableError: paging would never end.
            FinOpsError: as `servers.gcp.errors` translates it; what was yielded before it is good.

        """
        token, seen = "", {""}
        before: list[Any] = []
        while True:
            pager = self.asked(service, method, {**request, **({"page_token": token} if token else {})}, on=on)
            page: Any = next(iter(pager.pages)) if hasattr(pager, "pages") else pager
            found = list(getattr(page, name))
            if found != before:
                yield from found
            before, token = found, page.next_page_token
            if not token:
                return
            if token in seen:
                raise UpstreamUnavailableError(
                    f"{service}.{method} answered the same page token twice.",
                    hint="Try again later; what was read so far is kept.",
                )
            seen.add(token)

    def told(self, error: Exception, call: str, on: str) -> Exception:
        """The translated error; a refused permission is remembered."""
        translation = translated(error, call, on=on)
        if isinstance(translation, PermissionDeniedError):
            self.refused[str(translation.details["permission"]), on] = translation
        return translation

    def limiter(self, service: str) -> Limiter:
        """The pacing of a service."""
        if service not in self._limiters:
            rate, burst = RATES.get(service, _OTHERS)
            self._limiters.setdefault(service, Limiter(rate, burst=burst))
        return self._limiters[service]
