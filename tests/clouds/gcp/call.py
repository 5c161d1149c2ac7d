"""One call as its service sees it, and the pages of its answer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.clouds.gcp.errors import invalid, unimplemented
from tests.clouds.gcp.faults import Fault
from tests.clouds.gcp.identity import Policy, Principal
from tests.clouds.gcp.ledger import Ledger
from tests.clouds.paging import Place, Tokens

if TYPE_CHECKING:
    from tests.clouds.gcp.warehouse import Warehouse


@dataclass
class Call:
    """A request with what its handler may read: the ledger, the warehouse, the clock, who calls, and the settings."""

    method: str
    request: Any
    principal: Principal
    quota_project: str | None
    ledger: Ledger
    warehouse: "Warehouse"
    policy: Policy
    tokens: Tokens
    now: datetime
    settings: Mapping[str, Any]
    page_size: int | None = None
    fault: Fault | None = None

    def allows(self, permission: str, resource: str) -> bool:
        """Whether the caller has a permission on a resource."""
        return self.policy.allows(self.principal, permission, resource)

    def require(self, permission: str, resource: str) -> None:
        """Refuse a caller without the permission.

        Raises:
            GoogleError: PERMISSION_DENIED.

        """
        self.policy.require(self.principal, permission, resource)

    def refuse(self, *names: str) -> None:
        """Refuse arguments that the handler would otherwise ignore: an answer must not look like it heard them.

        Raises:
            GoogleError: UNIMPLEMENTED, the request has one of them.

        """
        if given := [name for name in names if name in self.request]:
            raise unimplemented(f"{self.method} with {', '.join(given)}")

    def page(self, items: Sequence[Any], *, default: int, most: int) -> tuple[list[Any], str]:
        """The page that the request asks for, and the token of the next one (empty at the end)."""
        asked = int(getattr(self.request, "page_size", 0) or 0)
        rest = type(self.request).to_dict(self.request) | {"page_size": 0, "page_token": ""}
        return self.slice(items, asked or default, most, getattr(self.request, "page_token", ""), rest)

    def slice(self, items: Sequence[Any], asked: int, most: int, token: str | None, rest: Any) -> tuple[Any, str]:
        """Page by explicit size and token; `rest` is what the token is bound to beside the caller.

        Raises:
            GoogleError: the token is unknown, or belongs to another request.

        """
        if asked < 0:
            raise invalid("Request contains an invalid argument: page_size must not be negative.")
        bound = json.dumps(rest, sort_keys=True, default=str)
        start, size = 0, min(asked, most, self.page_size or most)
        if token:
            place = self.tokens.issued.get(token)
            if place is None or (place.operation, place.caller, place.request) != (
                self.method,
                self.principal.email,
                bound,
            ):
                raise invalid("Request contains an invalid argument: the page token is invalid or of another request.")
            start = place.offset
            if self.fault and self.fault.duplicate_page:
                start -= place.size
        end = start + size
        if end >= len(items):
            return items[start:end], ""
        return items[start:end], self.tokens.issue(Place(self.method, self.principal.email, bound, end, size))
