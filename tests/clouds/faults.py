"""Faults on demand that every cloud's endpoint knows: which call fails, whose, after how many good ones, and how."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

FOR_EVER = 10**9


@dataclass
class Fault:
    """One fault; `reason` is one of the cloud's own refusals, the other members break the transport or the page instead.

    `account` is the account, subscription or project that the call is about; `region` and `tenant` where it is made.
    """

    operation: str
    account: str | None = None
    region: str | None = None
    tenant: str | None = None
    after: int = 0
    times: int = 1
    reason: str | None = None
    code: str | None = None
    status: int = 400
    message: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0
    drip: float = 0
    keep_bytes: float | None = None
    duplicate_page: bool = False
    seen: int = 0

    def strikes(self, operation: str, place: Mapping[str, str]) -> bool:
        """Whether this call is one of those that the fault is for; counts it."""
        if not fnmatchcase(operation, self.operation):
            return False
        if any(getattr(self, name) not in {None, value} for name, value in place.items()):
            return False
        self.seen += 1
        return self.after < self.seen <= self.after + self.times


@dataclass
class Faults:
    """The faults that are set; the first one that strikes counts. Operations are `service:Operation`, `*` allowed."""

    planned: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def striking(self, operation: str, **place: str) -> Fault | None:
        """The fault of this call, or None; `place` says account, region or tenant."""
        with self.lock:
            struck = [fault for fault in self.planned if fault.strikes(operation, place)]
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

    def expired_token(self, operation: str, *, after: int = 1, times: int = FOR_EVER) -> Fault:
        """The credentials expire after so many good calls."""
        return self.add(operation, reason="expired_token", after=after, times=times)
