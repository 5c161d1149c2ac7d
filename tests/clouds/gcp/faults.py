"""Faults on demand: which method fails, on which resource, after how many good calls, how often, and how.

endpoint.faults.rate_limit("bigquery.jobs.insert", times=2)
endpoint.faults.expired_token("AssetService.ListAssets", after=1)          # in mid-paging
endpoint.faults.access_denied("BudgetService.*", resource="billingAccounts/0B52C9*")
endpoint.faults.never_done("bigquery.jobs.insert")                        # a job that stays RUNNING
"""

import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tests.clouds.gcp.errors import REASONS, GoogleError

FOR_EVER = 10**9


@dataclass
class Fault:
    """One fault: `error` is what is answered; the other members break the transport, the page or the job instead."""

    method: str
    resource: str = "*"
    after: int = 0
    times: int = 1
    error: GoogleError | None = None
    delay: float = 0
    keep_bytes: float | None = None
    duplicate_page: bool = False
    never_done: bool = False
    seen: int = 0

    def strikes(self, method: str, resource: str) -> bool:
        """Whether this call is one of those that the fault is for; counts it."""
        if not fnmatchcase(method, self.method) or not fnmatchcase(resource, self.resource):
            return False
        self.seen += 1
        return self.after < self.seen <= self.after + self.times


@dataclass
class Faults:
    """The faults that are set; the first one that strikes counts. Methods are `Service.Method`, `*` allowed."""

    planned: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def striking(self, method: str, resource: str) -> Fault | None:
        """The fault of this call, or None."""
        with self.lock:
            struck = [fault for fault in self.planned if fault.strikes(method, resource)]
        return struck[0] if struck else None

    def add(self, method: str, **how: object) -> Fault:
        """Any fault, by the members of `Fault`."""
        fault = Fault(method, **how)
        with self.lock:
            self.planned.append(fault)
        return fault

    def clear(self) -> None:
        """No faults from here on."""
        with self.lock:
            self.planned.clear()

    def quota_exceeded(self, method: str, *, times: int = 1, after: int = 0) -> Fault:
        """403 quotaExceeded: waiting does not help, clients do not retry it."""
        return self.add(method, error=REASONS["quota_exceeded"], times=times, after=after)

    def rate_limit(self, method: str, *, times: int = 1, after: int = 0) -> Fault:
        """BigQuery's 403 rateLimitExceeded, the 429 RESOURCE_EXHAUSTED of every other service."""
        reason = "bigquery_rate" if method.startswith("bigquery.") else "rate"
        return self.add(method, error=REASONS[reason], times=times, after=after)

    def backend_error(self, method: str, *, times: int = 1, after: int = 0) -> Fault:
        """503 UNAVAILABLE, BigQuery's backendError."""
        return self.add(method, error=REASONS["backend"], times=times, after=after)

    def server_error(self, method: str, *, times: int = 1, after: int = 0) -> Fault:
        """500 INTERNAL."""
        return self.add(method, error=REASONS["internal"], times=times, after=after)

    def expired_token(self, method: str, *, after: int = 1, times: int = FOR_EVER) -> Fault:
        """401 UNAUTHENTICATED after so many good calls."""
        return self.add(method, error=REASONS["unauthenticated"], after=after, times=times)

    def access_denied(self, method: str, *, resource: str = "*") -> Fault:
        """403 for the method, on one resource where given; for one permission rather use `endpoint.policy.deny`."""
        return self.add(method, resource=resource, error=REASONS["access_denied"], times=FOR_EVER)

    def never_done(self, method: str = "bigquery.jobs.insert", *, times: int = 1, after: int = 0) -> Fault:
        """The job that this call starts stays RUNNING until it is cancelled."""
        return self.add(method, never_done=True, times=times, after=after)

    def slow(self, method: str, seconds: float, *, times: int = 1) -> Fault:
        """The reply comes late, and whole."""
        return self.add(method, delay=seconds, times=times)

    def truncate(self, method: str, *, keep: float = 0.5, times: int = 1, after: int = 0) -> Fault:
        """The connection closes after this share of the announced body (REST), the stream after one message (gRPC)."""
        return self.add(method, keep_bytes=keep, times=times, after=after)

    def duplicate_page(self, method: str, *, after: int = 1, times: int = 1) -> Fault:
        """A page comes a second time under the next token; nothing is left out behind it."""
        return self.add(method, duplicate_page=True, after=after, times=times)
