"""One call as its service sees it, the pages of its answer, and the operations that calls are routed to."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.clouds.azure.errors import AzureError, not_implemented
from tests.clouds.azure.identity import Token
from tests.clouds.azure.ledger import Ledger
from tests.clouds.faults import Fault
from tests.clouds.paging import Place
from tests.clouds.wire import Reply

if TYPE_CHECKING:
    from tests.clouds.azure.endpoint import Endpoint


@dataclass(frozen=True)
class Operation:
    """One operation: how a request names it, who answers it, and the SDK's models of its body and its reply."""

    name: str
    method: str
    template: str
    handler: "Callable[[Call], dict[str, Any] | list[Any] | Reply]"
    request: Any = None
    reply: Any = None
    query: frozenset[str] = frozenset()
    """Query parameters that the handler heeds, besides api-version."""

    @cached_property
    def path(self) -> re.Pattern[str]:
        """The pattern of its path; Resource Manager's paths do not mind case."""
        parts = re.split(r"\{(\w+)\}", self.template)
        pattern = "".join(
            re.escape(part)
            if number % 2 == 0
            else f"(?P<{part}>{'.+' if 'scope' in part.lower() or part == 'resourceUri' else '[^/]+'})"
            for number, part in enumerate(parts)
        )
        return re.compile(pattern, re.IGNORECASE)


@dataclass
class Call:
    """A validated request with what its handler may read: the ledger, the clock, who calls, and the settings."""

    endpoint: "Endpoint"
    operation: Operation
    path: str
    names: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    token: Token
    fault: Fault | None = None
    reply_headers: dict[str, str] = field(default_factory=dict)

    @property
    def ledger(self) -> Ledger:
        """The truth."""
        return self.endpoint.ledger

    @property
    def now(self) -> datetime:
        """The ledger's last day."""
        return self.endpoint.now

    @property
    def tenant(self) -> str:
        """The tenant that the token is for."""
        return self.token.tenant

    def link(self, path: str, **query: str) -> str:
        """An address at this endpoint."""
        given = {"api-version": self.query.get("api-version", "")} | {
            f"${name}": value for name, value in query.items()
        }
        return f"{self.endpoint.url}{path}?" + "&".join(f"{name}={quote(value)}" for name, value in given.items())

    def page(self, items: Sequence[Any], size: int, given: str | None = None) -> tuple[list[Any], str | None]:
        """The page that the request asks for, and the token of the next one (None at the end).

        Raises:
            AzureError: the token is unknown or belongs to another request.

        """
        start = 0
        request = json.dumps([self.path.lower(), self._asked()], sort_keys=True)
        if given:
            place = self.endpoint.tokens.issued.get(given)
            if place is None or place.caller != self.tenant or place.operation != self.operation.name:
                raise AzureError("BadRequest", "The skip token is not valid.")
            if place.request != request:
                raise AzureError("BadRequest", "The request body does not match the one of the skip token.")
            start, size = place.offset, place.size
        end = start + size
        if end >= len(items):
            return list(items[start:end]), None
        place = Place(self.operation.name, self.tenant, request, end, size)
        return list(items[start:end]), self.endpoint.tokens.issue(place)

    def listed(self, items: Sequence[Any], key: str) -> dict[str, Any]:
        """`value` and `nextLink` as Resource Manager pages lists; `key` names the service in `endpoint.page_sizes`."""
        size = self.endpoint.page_sizes.get(key, 1000)
        page, token = self.page(items, size, self.query.get("$skiptoken"))
        kept = {name[1:]: value for name, value in self.query.items() if name.startswith("$") and name != "$skiptoken"}
        more = {} if token is None else {"nextLink": self.link(self.path, **kept, skiptoken=token)}
        return {"value": page, **more}

    def refuse_unheard(self) -> None:
        """Refuse query parameters that no handler reads.

        Raises:
            AzureError: there are some.

        """
        heard = self.operation.query | {"api-version", "$skiptoken"}
        if unheard := sorted(self.query.keys() - heard):
            raise not_implemented(f"{self.operation.name} with {', '.join(unheard)}")

    def _asked(self) -> Any:
        if not isinstance(self.body, dict):
            return self.body
        options = {name: value for name, value in (self.body.get("options") or {}).items() if name != "$skipToken"}
        return self.body | ({"options": options} if "options" in self.body else {})
