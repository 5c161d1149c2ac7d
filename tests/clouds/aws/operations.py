"""Every operation that the endpoint implements, by `service:Operation`; all others are answered with 501."""

from collections.abc import Callable
from typing import Any, Final

from tests.clouds.aws import (
    budgets,
    ce_commitments,
    ce_comparison,
    ce_outlook,
    ce_purchases,
    ce_values,
    cloudwatch,
    compute_optimizer,
    cost_explorer,
    cost_optimization_hub,
    data_exports,
    ec2,
    invoicing,
    organizations,
    pricing,
    savings_plans,
    sts,
    trusted_advisor,
)
from tests.clouds.aws.call import Call

_COST_EXPLORER: Final = {
    **cost_explorer.OPERATIONS,
    **ce_commitments.OPERATIONS,
    **ce_comparison.OPERATIONS,
    **ce_outlook.OPERATIONS,
    **ce_purchases.OPERATIONS,
    **ce_values.OPERATIONS,
}
_SERVICES: Final = {
    "bcm-data-exports": data_exports.OPERATIONS,
    "budgets": budgets.OPERATIONS,
    "ce": _COST_EXPLORER,
    "cloudwatch": cloudwatch.OPERATIONS,
    "compute-optimizer": compute_optimizer.OPERATIONS,
    "cost-optimization-hub": cost_optimization_hub.OPERATIONS,
    "cur": data_exports.REPORTS,
    "ec2": ec2.OPERATIONS,
    "invoicing": invoicing.OPERATIONS,
    "organizations": organizations.OPERATIONS,
    "pricing": pricing.OPERATIONS,
    "savingsplans": savings_plans.OPERATIONS,
    "sts": sts.OPERATIONS,
    "support": trusted_advisor.OPERATIONS,
}
OPERATIONS: Final[dict[str, Callable[[Call], dict[str, Any]]]] = {
    f"{service}:{name}": handler for service, operations in _SERVICES.items() for name, handler in operations.items()
}
