"""Every operation that the endpoint implements; all others are answered with 501."""

from typing import Final

from tests.clouds.azure import advisor, arm, budgets, cost_details, cost_outlook, cost_query, exports, resource_graph
from tests.clouds.azure.call import Operation

OPERATIONS: Final[tuple[Operation, ...]] = (
    *advisor.OPERATIONS,
    *arm.OPERATIONS,
    *budgets.OPERATIONS,
    *cost_details.OPERATIONS,
    *cost_outlook.OPERATIONS,
    *cost_query.OPERATIONS,
    *exports.OPERATIONS,
    *resource_graph.OPERATIONS,
)
