"""Every operation that the endpoint implements; all others are answered with 501."""

from typing import Final

from tests.clouds.azure import arm, budgets, cost_details, cost_outlook, cost_query, exports
from tests.clouds.azure.call import Operation

OPERATIONS: Final[tuple[Operation, ...]] = (
    *arm.OPERATIONS,
    *budgets.OPERATIONS,
    *cost_details.OPERATIONS,
    *cost_outlook.OPERATIONS,
    *cost_query.OPERATIONS,
    *exports.OPERATIONS,
)
