"""The business part of skyledger.toml, validated: dimensions, tags, calendar, spend definitions, rate tables."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared_models.base import WireModel


class AccountRecord(BaseModel):
    """What the business knows of one sub account from `valid_from` up to, and without, `valid_to`.

    Any further key is a dimension of its own: team, owner, cost_centre, gl_account ...
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    sub_account_id: str
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def dimensions(self) -> dict[str, str]:
        """The further keys."""
        return {name: str(value) for name, value in (self.model_extra or {}).items()}


class Dimensions(WireModel):
    """Business dimensions by what they hang on."""

    account: tuple[AccountRecord, ...] = ()


class Tags(WireModel):
    """Synonyms: `keys` maps a canonical key to the spellings that occur, `values` likewise per canonical key."""

    keys: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    values: dict[str, dict[str, tuple[str, ...]]] = Field(default_factory=dict)


class CalendarConfig(WireModel):
    """When the fiscal year starts, how it is cut, and in which zone a month ends."""

    fiscal_year_start_month: int = Field(default=1, ge=1, le=12)
    fiscal_year_start_day: int | None = Field(default=None, ge=1, le=31, description="4-4-5 years: the anchor day")
    time_zone: str = "UTC"
    pattern: Literal["months", "4-4-5", "4-5-4", "5-4-4"] = "months"


class SpendDefinition(WireModel):
    """What a named spend leaves out."""

    exclude_charge_categories: tuple[str, ...] = ()
    exclude_charge_classes: tuple[str, ...] = ()
    exclude_service_names: tuple[str, ...] = ()
    exclude_service_categories: tuple[str, ...] = ()
    exclude_marketplace: bool = False


Rate = Annotated[Decimal, Field(gt=0, lt=10**12)]
"""What one unit of a currency is worth in another."""


class BusinessConfig(WireModel):
    """Everything that the business adds."""

    dimensions: Dimensions = Dimensions()
    tags: Tags = Tags()
    calendar: CalendarConfig = CalendarConfig()
    spend: dict[str, SpendDefinition] = Field(default_factory=dict)
    rates: dict[str, dict[str, dict[date, Rate]]] = Field(default_factory=dict)
