"""One question to every payer: what they told, and a gap for each that did not."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from servers.aws.live import Live
from servers.kit.live.threads import off_loop
from shared_models.coverage import Gap, SourceState
from shared_models.errors import FinOpsError

Told = TypeVar("Told")


async def of_payers(
    live: Live, what: str, ask: Callable[[str], Awaitable[Told]]
) -> tuple[list[Told], tuple[Gap, ...], FinOpsError | None]:
    """What each payer told, in order; of those that did not a gap each, and the last one's error.

    Raises:
        AccessError: nobody knows who we are.

    """
    told: list[Told] = []
    gaps: list[Gap] = []
    problem: FinOpsError | None = None
    for payer in await off_loop(live.sessions.payers):
        try:
            told.append(await ask(payer))
        except FinOpsError as error:
            problem = error
            gaps.append(gap_of(payer, what, error))
    return told, tuple(gaps), problem


def gap_of(payer: str, what: str, error: FinOpsError) -> Gap:
    """What a payer did not tell, and why."""
    message = f"{what} of {payer}: {error.message}"
    return Gap(source="aws", state=SourceState.PARTIAL, code=error.code, message=message, hint=error.hint)
