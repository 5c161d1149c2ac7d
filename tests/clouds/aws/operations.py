"""Every operation that the endpoint implements, by `service:Operation`; all others are answered with 501."""

from collections.abc import Callable
from typing import Any, Final

from tests.clouds.aws import (
    cost_explorer,
    data_exports,
    organizations,
    sts,
)
from tests.clouds.aws.call import Call

_SERVICES: Final = {
    "bcm-data-exports": data_exports.OPERATIONS,
    "ce": cost_explorer.OPERATIONS,
    "cur": data_exports.REPORTS,
    "organizations": organizations.OPERATIONS,
    "sts": sts.OPERATIONS,
}
OPERATIONS: Final[dict[str, Callable[[Call], dict[str, Any]]]] = {
    f"{service}:{name}": handler for service, operations in _SERVICES.items() for name, handler in operations.items()
}
