"""What could not be looked at, said as a gap."""

from shared_models.coverage import Gap, SourceState
from shared_models.errors import FinOpsError


def gap_of(what: str, error: FinOpsError) -> Gap:
    """A part of an answer that is missing, and why."""
    message = f"{what}: {error.message}"
    return Gap(source="gcp", state=SourceState.PARTIAL, code=error.code, message=message, hint=error.hint)
