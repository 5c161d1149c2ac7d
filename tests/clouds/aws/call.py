"""One call as its service sees it, and the pages of its answer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.clouds.aws.errors import AwsError
from tests.clouds.aws.identity import Identities, Principal
from tests.clouds.aws.ledger import Ledger
from tests.clouds.faults import Fault
from tests.clouds.paging import Place, Tokens


@dataclass
class Call:
    """A validated request with what its handler may read: the ledger, the clock, who calls, and the settings."""

    service: str
    operation: str
    params: dict[str, Any]
    principal: Principal
    region: str
    ledger: Ledger
    identities: Identities
    tokens: Tokens
    now: datetime
    page_size: int
    settings: Mapping[str, Any]
    fault: Fault | None = None

    @property
    def payer(self) -> str:
        """The management account of the caller's organisation."""
        return self.ledger.payer_of(self.principal.account) or self.principal.account

    @property
    def is_management(self) -> bool:
        """Whether the management account itself calls."""
        return self.principal.account == self.payer

    def refuse(self, *names: str) -> None:
        """Refuse arguments that the handler would otherwise ignore: an answer must not look like it heard them.

        Raises:
            AwsError: the request has one of them.

        """
        if given := [name for name in names if self.params.get(name)]:
            raise AwsError("NotImplementedByFake", f"{self.operation} with {', '.join(given)}", 501)

    def page(
        self,
        items: Sequence[Any],
        *,
        asked: str = "MaxResults",
        token: str = "NextToken",  # noqa: S107
        invalid: str = "InvalidNextTokenException",
        changed: str | None = None,
    ) -> tuple[list[Any], dict[str, str]]:
        """The page that the request asks for, and the member that leads to the next one (empty at the end).

        Raises:
            AwsError: the token is unknown (`invalid`), or belongs to another request (`changed`, else `invalid`).

        """
        size = min(int(self.params.get(asked) or self.page_size), self.page_size)
        rest = {name: value for name, value in self.params.items() if name != token}
        request = json.dumps(rest, sort_keys=True, default=str)
        operation = f"{self.service}:{self.operation}"
        start = 0
        if given := self.params.get(token):
            place = self.tokens.issued.get(given)
            if place is None or (place.operation, place.caller) != (operation, self.principal.account):
                raise AwsError(invalid, "The pagination token is invalid.")
            if place.request != request:
                raise AwsError(changed or invalid, "Your request parameters changed between pages.")
            start, size = place.offset, place.size
            if self.fault and self.fault.duplicate_page:
                start -= size
        end = start + size
        if end >= len(items):
            return list(items[start:end]), {}
        place = Place(operation, self.principal.account, request, end, size)
        return list(items[start:end]), {token: self.tokens.issue(place)}
