"""One blocking question in many places at once: all that was found, and few gaps for what was refused."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

import anyio

from servers.gcp.errors import translated
from servers.gcp.gaps import gap_of
from servers.kit.live.threads import off_loop
from shared_models.coverage import Gap, SourceState
from shared_models.errors import FinOpsError

Part = TypeVar("Part")
Question = tuple[str, str, Callable[[], Iterable[Part]]]
"""(what is asked for, where, the blocking question)."""
_NAMED: Final = 4


async def ask_everywhere(questions: Iterable[Question[Part]]) -> tuple[list[Part], tuple[Gap, ...]]:
    """All answers together, in the order of the questions, and what was refused; what came before an error is kept."""
    asked = list(questions)
    answers: list[list[Part]] = [[] for _ in asked]
    refused: list[tuple[str, str, FinOpsError, int]] = []

    def ask(number: int) -> None:
        what, where, question = asked[number]
        try:
            answers[number].extend(question())
        except Exception as error:  # noqa: BLE001 - one place that refuses must not end the others
            refused.append((what, where, translated(error, what, on=where), len(answers[number])))

    async with anyio.create_task_group() as group:
        for number in range(len(asked)):
            group.start_soon(_off_loop, ask, number)
    return [part for answer in answers for part in answer], _gaps(refused)


async def _off_loop(ask: Callable[[int], None], number: int) -> None:
    await off_loop(ask, number)


def _gaps(refused: Iterable[tuple[str, str, FinOpsError, int]]) -> tuple[Gap, ...]:
    """One gap for one thing that many places refuse for one reason."""
    groups: dict[tuple[str, str], list[tuple[str, FinOpsError, int]]] = defaultdict(list)
    for what, where, error, found in refused:
        groups[what, error.code].append((where, error, found))
    gaps: list[Gap] = []
    for (what, _), group in sorted(groups.items()):
        found = sum(count for _, _, count in group)
        kept = f" ({found} read before that are kept)" if found else ""
        gap = gap_of(f"{what} of {_some([where for where, _, _ in group])}{kept}", group[0][1])
        late = group[0][1].code == "deadline_exceeded" and not found
        gaps.append(gap.model_copy(update={"state": SourceState.TIMEOUT}) if late else gap)
    return tuple(gaps)


def _some(names: Sequence[str]) -> str:
    """The first few of the names, and how many more there are."""
    distinct = sorted(set(names))
    more = len(distinct) - _NAMED
    return ", ".join(distinct[:_NAMED]) + (f" and {more} more" if more > 0 else "")
