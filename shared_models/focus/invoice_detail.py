"""The FOCUS 1.4 InvoiceDetail dataset (22 columns): the lines of the invoices that are paid."""

from shared_models.focus import vocabularies as v
from shared_models.focus.column import Column, Dataset, Kind, Level

INVOICE_DETAIL = Dataset(
    name="InvoiceDetail",
    columns=(
        Column("BilledCost", Level.MANDATORY, Kind.DECIMAL, since="1.4"),
        Column("BillingAccountId", Level.MANDATORY, Kind.STRING, since="1.4"),
        Column("BillingCurrency", Level.MANDATORY, Kind.STRING, since="1.4"),
        Column("BillingPeriodEnd", Level.MANDATORY, Kind.DATE_TIME, since="1.4"),
        Column("BillingPeriodStart", Level.MANDATORY, Kind.DATE_TIME, since="1.4"),
        Column("ChargeCategory", Level.MANDATORY, Kind.STRING, allowed=v.ChargeCategory, since="1.4"),
        Column("InvoiceDetailCreated", Level.MANDATORY, Kind.DATE_TIME, since="1.4"),
        Column("InvoiceDetailDescription", Level.MANDATORY, Kind.STRING, nullable=True, since="1.4"),
        Column("InvoiceDetailGrain", Level.MANDATORY, Kind.JSON, nullable=True, since="1.4"),
        Column("InvoiceDetailId", Level.MANDATORY, Kind.STRING, since="1.4"),
        Column("InvoiceDetailLastUpdated", Level.MANDATORY, Kind.DATE_TIME, since="1.4"),
        Column("InvoiceId", Level.MANDATORY, Kind.STRING, since="1.4"),
        Column("InvoiceIssueDate", Level.MANDATORY, Kind.DATE_TIME, nullable=True, since="1.4"),
        Column("InvoiceIssueStatus", Level.MANDATORY, Kind.STRING, allowed=v.InvoiceIssueStatus, since="1.4"),
        Column("InvoiceIssuerName", Level.MANDATORY, Kind.STRING, since="1.4"),
        Column(
            "PaymentCurrency",
            Level.CONDITIONAL,
            Kind.STRING,
            condition="billing and payment currencies can differ",
            since="1.4",
        ),
        Column(
            "PaymentCurrencyBilledCost",
            Level.CONDITIONAL,
            Kind.DECIMAL,
            condition="billing and payment currencies can differ",
            since="1.4",
        ),
        Column(
            "PaymentCurrencyInvoiceDetailId",
            Level.CONDITIONAL,
            Kind.STRING,
            condition="currencies aggregated at different levels",
            since="1.4",
        ),
        Column("PaymentDueDate", Level.MANDATORY, Kind.DATE_TIME, nullable=True, since="1.4"),
        Column("PaymentTerms", Level.MANDATORY, Kind.STRING, since="1.4"),
        Column(
            "PurchaseOrderNumber",
            Level.CONDITIONAL,
            Kind.STRING,
            nullable=True,
            condition="customers can enter PO numbers",
            since="1.4",
        ),
        Column("ReferenceInvoiceId", Level.MANDATORY, Kind.STRING, since="1.4"),
    ),
)
