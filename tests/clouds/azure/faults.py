"""Faults on demand, in Azure's words.

endpoint.faults.throttle("costmanagement:Query", seconds=2)                # only the headers of Cost Management
endpoint.faults.expired_token("costmanagement:Query", after=1)             # in mid-paging
endpoint.faults.access_denied("costmanagement:*", account="<subscription id>")
endpoint.faults.tenant_refuses(endpoint.ledger.guest)
"""

from tests.clouds import faults
from tests.clouds.faults import FOR_EVER, Fault

COST_MANAGEMENT_HEADERS = tuple(
    f"x-ms-ratelimit-microsoft.costmanagement-{who}-retry-after"
    for who in ("qpu", "entity", "tenant", "client", "clienttype")
)


class Faults(faults.Faults):
    """The faults that are set; reasons are the keys of `errors.WORDS`. `account` is a subscription."""

    def throttle(
        self, operation: str, *, seconds: int = 1, standard: bool = False, times: int = 1, after: int = 0
    ) -> Fault:
        """429: Cost Management's own headers, the longest of them `seconds`; `standard` adds Retry-After."""
        waits = dict.fromkeys(COST_MANAGEMENT_HEADERS[:1], str(seconds)) | {COST_MANAGEMENT_HEADERS[1]: "0"}
        headers = {"Retry-After": str(seconds)} if standard else {}
        return self.add(operation, reason="throttled", headers=waits | headers, times=times, after=after)

    def access_denied(self, operation: str, *, account: str | None = None, tenant: str | None = None) -> Fault:
        """No role assignment allows the operation, in one subscription or tenant where given."""
        return self.add(operation, reason="access_denied", account=account, tenant=tenant, times=FOR_EVER)

    def tenant_refuses(self, tenant: str) -> Fault:
        """Resource Manager of one tenant refuses whatever is asked there, though the authority gave a token."""
        return self.add("*", reason="access_denied", tenant=tenant, times=FOR_EVER)

    def report_fails(self, *, after: int = 1) -> Fault:
        """A report of cost details ends as failed after so many polls."""
        return self.add("costmanagement:CostDetailsResult", code="report_failed", after=after)
