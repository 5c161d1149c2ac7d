"""Cost Management's dimensions over the ledger, and its filters as conditions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.clouds.azure.errors import bad_request

DIMENSIONS: Final[Mapping[str, tuple[str, str]]] = {
    "BenefitId": ("benefit_id", "Benefit ID"),
    "BenefitName": ("benefit_name", "Benefit"),
    "BillingMonth": ("strftime(billing_month, '%Y-%m-%dT00:00:00')", "Billing month"),
    "ChargeType": ("charge_type", "Charge type"),
    "CostCenter": ("cost_centre", "Cost center"),
    "Frequency": ("frequency", "Frequency"),
    "InvoiceId": ("invoice", "Invoice ID"),
    "InvoiceSection": ("section", "Invoice section"),
    "Meter": ("meter", "Meter"),
    "MeterCategory": ("service", "Meter category"),
    "MeterId": ("meter_id", "Meter ID"),
    "MeterSubcategory": ("subcategory", "Meter subcategory"),
    "PricingModel": ("pricing_model", "Pricing model"),
    "Product": ("product", "Product"),
    "PublisherType": ("publisher_type", "Publisher type"),
    "ReservationId": ("CASE benefit_type WHEN 'Reservation' THEN benefit_id ELSE '' END", "Reservation ID"),
    "ReservationName": ("CASE benefit_type WHEN 'Reservation' THEN benefit_name ELSE '' END", "Reservation"),
    "ResourceGroup": ("lower(resource_group)", "Resource group"),
    "ResourceGroupName": ("lower(resource_group)", "Resource group name"),
    "ResourceId": ("lower(resource_id)", "Resource"),
    "ResourceLocation": ("region_name", "Location"),
    "ResourceType": ("resource_type", "Resource type"),
    "ServiceFamily": ("family", "Service family"),
    "ServiceName": ("service", "Service name"),
    "SubscriptionId": ("subscription", "Subscription ID"),
    "SubscriptionName": ("subscription_name", "Subscription"),
    "UnitOfMeasure": ("unit", "Unit of measure"),
}
"""Dimension -> its expression over `line`, and its description."""


@dataclass(frozen=True)
class Condition:
    """A condition with the values that stand in it."""

    sql: str
    values: Sequence[object] = ()

    def __and__(self, other: "Condition") -> "Condition":
        return Condition(f"({self.sql}) AND ({other.sql})", [*self.values, *other.values])


def dimension(name: str) -> str:
    """The expression of a dimension.

    Raises:
        AzureError: there is no such dimension.

    """
    known = {one.lower(): sql for one, (sql, _) in DIMENSIONS.items()}
    if name.lower() not in known:
        raise bad_request(f"Invalid query definition, Dataset is invalid: dimension '{name}' is not supported.")
    return known[name.lower()]


def condition(said: Mapping[str, Any] | None) -> Condition:
    """A filter as a condition.

    Raises:
        AzureError: the filter is not one that Cost Management takes.

    """
    if not said:
        return Condition("true")
    if len(said) != 1:
        raise bad_request("Invalid query definition: a filter has exactly one of and, or, dimensions, tags.")
    [(word, inner)] = said.items()
    if word in {"and", "or"}:
        if len(inner) < 2:
            raise bad_request(f"Invalid query definition: '{word}' must have at least 2 items.")
        parts = [condition(one) for one in inner]
        sql = f" {word.upper()} ".join(f"({part.sql})" for part in parts)
        return Condition(sql, [value for part in parts for value in part.values])
    if word not in {"dimensions", "tags"}:
        raise bad_request(f"Invalid query definition: '{word}' is no filter.")
    values = [str(value).lower() for value in inner["values"]]
    if word == "dimensions":
        return Condition(f"lower({dimension(inner['name'])}) IN (SELECT unnest(?))", [values])
    return Condition(f"lower({tag()}) IN (SELECT unnest(?))", [tag_path(inner["name"]), values])


def tag() -> str:
    """The value of one tag, its key compared without case; one `?` takes `tag_path`."""
    return "COALESCE(list_filter(map_entries(tag_map), lambda x: lower(x.key) = ?)[1].value, '')"


def tag_path(key: str) -> str:
    """What stands for a tag key in `tag`."""
    return key.lower()
