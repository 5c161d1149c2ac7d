"""One blocking question in many accounts and regions at once: what was found, and a gap for every refusal."""

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import anyio
import anyio.to_thread

from servers.kit.live.inventory.refusals import Place, Refusal, gaps_of
from shared_models.coverage import Gap
from shared_models.errors import FinOpsError

WORKERS: Final = 16
Part = TypeVar("Part")
Told = Callable[[Exception, str, Place], FinOpsError]
"""(an SDK's error, the call, where) -> ours."""
Question = tuple[str, Place, Callable[[], Iterable[Part]]]
"""(what it is called in a gap, where it is asked, the blocking question)."""


async def ask_everywhere(
    questions: Iterable[Question[Part]], told: Told, source: str, *, workers: int = WORKERS
) -> tuple[list[Part], tuple[Gap, ...]]:
    """All answers together, in the order of the questions, and what was refused; what came before an error is kept."""
    asked = list(questions)
    answers: list[list[Part]] = [[] for _ in asked]
    refusals: list[Refusal] = []
    limiter = anyio.CapacityLimiter(workers)

    def ask(number: int) -> None:
        name, place, question = asked[number]
        try:
            answers[number].extend(question())
        except Exception as error:  # noqa: BLE001 - one place that refuses must not end the others
            refusals.append(Refusal.of(told(error, name, place), name, place, name, found=len(answers[number])))

    async with anyio.create_task_group() as group:
        for number in range(len(asked)):
            group.start_soon(_off_loop, ask, number, limiter)
    return [part for answer in answers for part in answer], gaps_of(refusals, source)


async def _off_loop(ask: Callable[[int], None], number: int, limiter: anyio.CapacityLimiter) -> None:
    await anyio.to_thread.run_sync(ask, number, limiter=limiter)
