"""Usage: one metric of one resource over a window, as evidence."""

from datetime import datetime

from shared_models.base import WireModel
from shared_models.coverage import Coverage, Freshness
from shared_models.page import Pagination


class UsageFact(WireModel):
    """Statistics of one metric in one bucket; `samples` says how much of it was really measured."""

    resource_id: str
    metric: str
    unit: str
    start: datetime
    end: datetime
    average: float | None = None
    maximum: float | None = None
    p95: float | None = None
    samples: int


class UsagePage(WireModel):
    """A page of usage facts in a stable order."""

    data: tuple[UsageFact, ...]
    pagination: Pagination
    coverage: Coverage
    freshness: tuple[Freshness, ...]
