"""One blocking question in many accounts and regions of AWS at once."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from servers.aws.inventory.refusals import told
from servers.kit.live import everywhere
from servers.kit.live.everywhere import Question
from servers.kit.live.inventory.refusals import Place
from shared_models.coverage import Gap

Part = TypeVar("Part")


async def ask_everywhere(questions: Iterable[Question[Part]]) -> tuple[list[Part], tuple[Gap, ...]]:
    """All answers together, in the order of the questions, and a gap for what was refused."""
    return await everywhere.ask_everywhere(questions, told, "aws")


def every_place(accounts: Sequence[str], regions: Sequence[str], partition: str) -> list[Place]:
    """Each region of each account."""
    return [Place(account=account, region=region, partition=partition) for account in accounts for region in regions]
