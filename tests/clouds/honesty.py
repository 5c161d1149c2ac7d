"""What every local endpoint keeps of itself: broken contracts fail the test, also where the caller swallows them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Honest:
    """The record of an endpoint; `check` it when the test ends."""

    violations: list[str] = field(default_factory=list)
    unimplemented: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Faults of the endpoint itself: never expected."""

    @contextmanager
    def violations_expected(self) -> Iterator[list[str]]:
        """Violations in here go to the caller's list and do not fail the test."""
        before, seen = self.violations, []
        self.violations = seen
        try:
            yield seen
        finally:
            self.violations = before

    def check(self) -> None:
        """Fail if any request or reply broke its contract, or the endpoint itself broke.

        Raises:
            AssertionError: with every violation.

        """
        assert not self.violations, "requests or replies broke the vendor's model:\n" + "\n".join(self.violations)
        assert not self.broken, "the endpoint itself broke:\n" + "\n".join(self.broken)
