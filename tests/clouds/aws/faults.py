"""Faults on demand: which operation fails, in whose account and region, after how many good calls, how often, and how.

endpoint.faults.throttle("ce:GetCostAndUsage", times=2)
endpoint.faults.expired_token("organizations:ListAccounts", after=1)      # in mid-paging
endpoint.faults.access_denied("ec2:*", account="101859422259", region="eu-west-1")
"""

from tests.clouds import faults
from tests.clouds.faults import FOR_EVER, Fault


class Faults(faults.Faults):
    """The faults that are set; reasons are the keys of `errors.WORDS`."""

    def throttle(self, operation: str, *, times: int = 1, after: int = 0) -> Fault:
        """The service's own throttling error (LimitExceededException, ThrottlingException, SlowDown...)."""
        return self.add(operation, reason="throttled", times=times, after=after)

    def duplicate_page(self, operation: str, *, after: int = 1, times: int = 1) -> Fault:
        """A page comes a second time under the next token; nothing is left out behind it."""
        return self.add(operation, duplicate_page=True, after=after, times=times)

    def access_denied(self, operation: str, *, account: str | None = None, region: str | None = None) -> Fault:
        """A policy denies the operation, in one account or region where given."""
        return self.add(operation, reason="access_denied", account=account, region=region, times=FOR_EVER)

    def region_disabled(self, region: str, *, account: str | None = None) -> Fault:
        """The account never opted in to the region."""
        return self.add("*", reason="region_disabled", account=account, region=region, times=FOR_EVER)

    def clock_skew(self, operation: str = "*", *, times: int = FOR_EVER) -> Fault:
        """The caller's clock is said to be off."""
        return self.add(operation, reason="clock_skew", times=times)

    def request_changed(self, operation: str, *, after: int = 1) -> Fault:
        """Cost Explorer says that the page token belongs to another request."""
        message = "Your request parameters changed between pages. Try again with the old parameters or without a token."
        return self.add(operation, code="RequestChangedException", message=message, after=after)
