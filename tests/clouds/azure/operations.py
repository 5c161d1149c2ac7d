"""Every operation that the endpoint implements; all others are answered with 501."""

from typing import Final

from tests.clouds.azure import arm, cost_query, exports
from tests.clouds.azure.call import Operation

OPERATIONS: Final[tuple[Operation, ...]] = (
    *arm.OPERATIONS,
    *cost_query.OPERATIONS,
    *exports.OPERATIONS,
)
