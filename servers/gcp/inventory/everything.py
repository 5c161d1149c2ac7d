"""The whole inventory at once, for ports that need to know what there is before they ask."""

from typing import Final

from servers.kit.ports import Pages
from shared_models.coverage import Gap
from shared_models.inventory import Resource

_PAGE: Final = 10_000


async def everything(inventory: Pages[Resource]) -> tuple[list[Resource], tuple[Gap, ...]]:
    """Every resource, and what the inventory does not know."""
    found = await inventory.page({}, offset=0, limit=_PAGE)
    resources = list(found.items)
    while len(resources) < found.total and found.items:
        found = await inventory.page({}, offset=len(resources), limit=_PAGE)
        resources += found.items
    return resources, found.gaps
