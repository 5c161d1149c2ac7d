"""Budgets that a cloud keeps: what may be spent, what was and will be, and which thresholds are exceeded."""

from datetime import datetime
from enum import StrEnum

from shared_models.base import WireModel
from shared_models.coverage import Coverage, Freshness
from shared_models.money import ExactDecimal
from shared_models.page import Pagination


class ThresholdOn(StrEnum):
    """What a threshold is compared with."""

    ACTUAL = "actual"
    FORECAST = "forecast"


class BudgetThreshold(WireModel):
    """An alert of a budget: at which amount, of what, and whether it is exceeded; null where nothing to compare is."""

    on: ThresholdOn
    amount: ExactDecimal
    exceeded: bool | None = None


class Budget(WireModel):
    """One budget of one cloud in its current period; `scope` says in words which costs it counts.

    `start` and `end` are the current period where the cloud tells it. `exceeded` is about the limit and what was spent.
    """

    budget_id: str
    budget_name: str
    provider: str
    billing_account_id: str | None = None
    scope: str | None = None
    metric: str | None = None
    period: str
    start: datetime | None = None
    end: datetime | None = None
    limit: ExactDecimal | None = None
    actual: ExactDecimal | None = None
    forecast: ExactDecimal | None = None
    currency: str
    exceeded: bool | None = None
    thresholds: tuple[BudgetThreshold, ...] = ()


class BudgetPage(WireModel):
    """A page of budgets in a stable order."""

    data: tuple[Budget, ...]
    pagination: Pagination
    coverage: Coverage
    freshness: tuple[Freshness, ...]
