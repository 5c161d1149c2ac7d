"""Every operation that the endpoint implements; all others are answered with 501."""

from typing import Final

from tests.clouds.azure import (
    advisor,
    arm,
    billing,
    budgets,
    carbon,
    commitments,
    cost_details,
    cost_outlook,
    cost_query,
    exports,
    monitor,
    resource_graph,
    retail_prices,
)
from tests.clouds.azure.call import Operation

OPERATIONS: Final[tuple[Operation, ...]] = (
    *advisor.OPERATIONS,
    *arm.OPERATIONS,
    *billing.OPERATIONS,
    *budgets.OPERATIONS,
    *carbon.OPERATIONS,
    *commitments.OPERATIONS,
    *cost_details.OPERATIONS,
    *cost_outlook.OPERATIONS,
    *cost_query.OPERATIONS,
    *exports.OPERATIONS,
    *monitor.OPERATIONS,
    *resource_graph.OPERATIONS,
    *retail_prices.OPERATIONS,
)
