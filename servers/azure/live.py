"""What live Azure shares between its ports: settings, sessions, pacing, kept answers, the clock.

A port asks with `ask` (one answer) or `items` (every item of a paged operation), by the operation's name in the client
of `servers.azure.sdk.SERVICES`; the tenant comes third, everything else as the SDK's own operation takes it:

    found = live.items("resourcegraph", "resources", tenant, QueryRequest(...))
    for one in live.items("advisor", "recommendations.list", tenant, subscription=number): ...

What the SDK has no method for (following `nextLink` of Query, exact numbers) is `sent`: one request, its reply as text.
Every request of every client is paced, waits as Azure asks, and is tried again in `servers.azure.patience`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from servers.azure.errors import translated
from servers.azure.links import require_host
from servers.azure.session import OUR_OWN, Sessions
from servers.azure.settings import AzureSettings
from servers.kit.live.answers import Answers
from servers.kit.live.threads import off_loop
from shared_models.errors import PermissionDeniedError
from shared_models.period import utc_now

if TYPE_CHECKING:
    from servers.azure.sdk import Wire

COST_MANAGEMENT_VERSION: Final = "2025-03-01"


@dataclass(frozen=True)
class Reply:
    """A reply as it came: its status, its headers by lower-case name, its text."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass
class Live:
    """One object per server. `refused` remembers the permissions that Azure refused, by (permission, where)."""

    settings: AzureSettings
    folder: Path
    clock: Callable[[], datetime] = utc_now
    wire: "Wire | None" = None
    refused: dict[tuple[str, str], PermissionDeniedError] = field(
        default_factory=dict[tuple[str, str], PermissionDeniedError]
    )

    def __post_init__(self) -> None:
        """Nothing here loads the SDK or asks Azure."""
        self.sessions = Sessions(self.settings, self.wire)
        self.answers = Answers(self.folder / "answers.sqlite", self.clock)

    async def ask(
        self,
        service: str,
        operation: str,
        tenant: str | None,
        *arguments: Any,
        on: str | None = None,
        subscription: str | None = None,
        **named: Any,
    ) -> Any:
        """One answer of an operation such as `query.usage`, off the event loop.

        Raises:
            FinOpsError: as `servers.azure.errors` translates what Azure or its SDK says.

        """
        return await off_loop(
            lambda: self.asked(service, operation, tenant, *arguments, on=on, subscription=subscription, **named)
        )

    def asked(
        self,
        service: str,
        operation: str,
        tenant: str | None,
        *arguments: Any,
        on: str | None = None,
        subscription: str | None = None,
        **named: Any,
    ) -> Any:
        """The same, blocking. `on` is what refusals name: a scope; the subscription or the tenant without it."""
        client = self.sessions.client(service, tenant, subscription)
        try:
            return _member(client, operation)(*arguments, **named)
        except Exception as error:
            raise self.told(error, f"{service}.{operation}", on or subscription or tenant or OUR_OWN) from error

    def items(
        self,
        service: str,
        operation: str,
        tenant: str | None,
        *arguments: Any,
        on: str | None = None,
        subscription: str | None = None,
        **named: Any,
    ) -> list[Any]:
        """Every item of a paged operation, over all pages; blocking.

        Raises:
            FinOpsError: as `servers.azure.errors` translates it; no page is left out without it.

        """
        client = self.sessions.client(service, tenant, subscription)
        try:
            return list(_member(client, operation)(*arguments, **named))
        except Exception as error:
            raise self.told(error, f"{service}.{operation}", on or subscription or tenant or OUR_OWN) from error

    def sent(
        self,
        service: str,
        operation: str,
        tenant: str | None,
        method: str,
        address: str,
        body: Any = None,
        *,
        on: str | None = None,
    ) -> Reply:
        """One request as a client sends it, blocking; the address is a path or a link that Azure gave.

        Raises:
            UpstreamUnavailableError: the link leads to another host than Resource Manager's; nothing was sent there.
            FinOpsError: as `servers.azure.errors` translates it.

        """
        url = f"{self.sessions.arm}/{address.lstrip('/')}" if "://" not in address else address
        require_host(url, self.sessions.arm, f"{service}.{operation}")
        client = self.sessions.client(service, tenant)
        from azure.core.rest import HttpRequest  # noqa: PLC0415 - the SDK is loaded by the first live question

        send: Any = getattr(client, "send_request", None) or getattr(client, "_send_request", None)
        try:
            reply = send(HttpRequest(method, url, **({"json": body} if body is not None else {})))
            reply.raise_for_status()
            return Reply(
                reply.status_code, {name.lower(): str(told) for name, told in reply.headers.items()}, reply.text()
            )
        except Exception as error:
            raise self.told(error, f"{service}.{operation}", on or tenant or OUR_OWN) from error

    def told(self, error: Exception, call: str, on: str) -> Exception:
        """The translated error; a refused permission is remembered."""
        translation = translated(error, call, on=on)
        if isinstance(translation, PermissionDeniedError):
            self.refused[str(translation.details["permission"]), on] = translation
        return translation


def _member(client: Any, operation: str) -> Any:
    return reduce(getattr, operation.split("."), client)
