"""One blocking question to Google in many places at once."""

from collections.abc import Iterable
from typing import TypeVar

from servers.gcp.errors import translated
from servers.kit.live import everywhere
from servers.kit.live.everywhere import Question
from servers.kit.live.inventory.refusals import Place
from shared_models.coverage import Gap
from shared_models.errors import FinOpsError

Part = TypeVar("Part")


async def ask_everywhere(questions: Iterable[Question[Part]]) -> tuple[list[Part], tuple[Gap, ...]]:
    """All answers together, and a gap for what was refused; what came before an error is kept."""
    return await everywhere.ask_everywhere(questions, _told, "gcp")


def _told(error: Exception, call: str, place: Place) -> FinOpsError:
    return translated(error, call, on=str(place))
