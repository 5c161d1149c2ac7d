"""Faults on demand: which operation fails, in whose account and region, after how many good calls, how often, and how.

endpoint.faults.throttle("ce:GetCostAndUsage", times=2)
endpoint.faults.expired_token("organizations:ListAccounts", after=1)      # in mid-paging
endpoint.faults.access_denied("ec2:*", account="101859422259", region="eu-west-1")
"""

import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

FOR_EVER = 10**9


@dataclass
class Fault:
    """One fault; `reason` is a key of `errors.WORDS`, the other members break the transport or the page instead."""

    operation: str
    account: str | None = None
    region: str | None = None
    after: int = 0
    times: int = 1
    reason: str | None = None
    code: str | None = None
    status: int = 400
    message: str | None = None
    delay: float = 0
    drip: float = 0
    keep_bytes: float | None = None
    duplicate_page: bool = False
    seen: int = 0

    def strikes(self, operation: str, account: str, region: str) -> bool:
        """Whether this call is one of those that the fault is for; counts it."""
        if not fnmatchcase(operation, self.operation):
            return False
        if self.account not in {None, account} or self.region not in {None, region}:
            return False
        self.seen += 1
        return self.after < self.seen <= self.after + self.times


@dataclass
class Faults:
    """The faults that are set; the first one that strikes counts. Operations are `service:Operation`, `*` allowed."""

    planned: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def striking(self, operation: str, account: str, region: str) -> Fault | None:
        """The fault of this call, or None."""
        with self.lock:
            struck = [fault for fault in self.planned if fault.strikes(operation, account, region)]
        return struck[0] if struck else None

    def add(self, operation: str, **how: object) -> Fault:
        """Any fault, by the members of `Fault`."""
        fault = Fault(operation, **how)
        with self.lock:
            self.planned.append(fault)
        return fault

    def clear(self) -> None:
        """No faults from here on."""
        with self.lock:
            self.planned.clear()

    def throttle(self, operation: str, *, times: int = 1, after: int = 0) -> Fault:
        """The service's own throttling error (LimitExceededException, ThrottlingException, SlowDown...)."""
        return self.add(operation, reason="throttled", times=times, after=after)

    def server_error(self, operation: str, *, status: int = 500, times: int = 1, after: int = 0) -> Fault:
        """500, or 503."""
        reason = "unavailable" if status == 503 else "internal"
        return self.add(operation, reason=reason, times=times, after=after)

    def slow(self, operation: str, seconds: float, *, times: int = 1) -> Fault:
        """The reply comes late, and whole."""
        return self.add(operation, delay=seconds, times=times)

    def drip(self, operation: str, seconds: float, *, times: int = 1) -> Fault:
        """The reply comes in twenty pieces over so many seconds."""
        return self.add(operation, drip=seconds, times=times)

    def truncate(self, operation: str, *, keep: float = 0.5, times: int = 1, after: int = 0) -> Fault:
        """The connection closes after this share of the announced body."""
        return self.add(operation, keep_bytes=keep, times=times, after=after)

    def duplicate_page(self, operation: str, *, after: int = 1, times: int = 1) -> Fault:
        """A page comes a second time under the next token; nothing is left out behind it."""
        return self.add(operation, duplicate_page=True, after=after, times=times)

    def expired_token(self, operation: str, *, after: int = 1, times: int = FOR_EVER) -> Fault:
        """The credentials expire after so many good calls."""
        return self.add(operation, reason="expired_token", after=after, times=times)

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
