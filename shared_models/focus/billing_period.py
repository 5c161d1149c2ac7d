"""The FOCUS 1.4 BillingPeriod dataset (6 columns): which billing periods are open or closed."""

from shared_models.focus import vocabularies as v
from shared_models.focus.column import Column, Dataset, Kind, Level

BILLING_PERIOD = Dataset(
    name="BillingPeriod",
    columns=(
        Column("BillingPeriodCreated", Level.MANDATORY, Kind.DATE_TIME, since="1.4"),
        Column("BillingPeriodEnd", Level.MANDATORY, Kind.DATE_TIME, since="1.4"),
        Column("BillingPeriodLastUpdated", Level.MANDATORY, Kind.DATE_TIME, since="1.4"),
        Column("BillingPeriodStart", Level.MANDATORY, Kind.DATE_TIME, since="1.4"),
        Column("BillingPeriodStatus", Level.MANDATORY, Kind.STRING, allowed=v.BillingPeriodStatus, since="1.4"),
        Column("InvoiceIssuerName", Level.MANDATORY, Kind.STRING, since="1.4"),
    ),
)
