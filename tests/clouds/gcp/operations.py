"""Every method of a proto service that this endpoint answers, by `Service.Method`."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from tests.clouds.gcp import (
    asset,
    bq_read,
    budgets,
    catalog,
    cloud_billing,
    monitoring,
    recommender,
    resource_manager,
)
from tests.clouds.gcp.call import Call

OPERATIONS: Final[dict[str, Callable[[Call], Any] | Callable[[Call], Iterator[Any]]]] = {
    **resource_manager.OPERATIONS,
    **cloud_billing.OPERATIONS,
    **catalog.OPERATIONS,
    **budgets.OPERATIONS,
    **recommender.OPERATIONS,
    **asset.OPERATIONS,
    **monitoring.OPERATIONS,
    **bq_read.OPERATIONS,
}
