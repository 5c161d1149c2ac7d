"""What could not be looked at, as a gap of Azure's answers."""

from shared_models.coverage import Gap, SourceState
from shared_models.errors import FinOpsError
from shared_models.untrusted import safe_text


def gap_of(what: str, error: FinOpsError) -> Gap:
    """The gap that an error leaves."""
    return Gap(
        source="azure",
        state=SourceState.PARTIAL,
        code=error.code,
        message=safe_text(f"{what}: {error.message}"),
        hint=error.hint,
    )
