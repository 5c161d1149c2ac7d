"""The closed vocabularies of FOCUS 1.4, one enumeration a column."""

from enum import StrEnum


class CapacityReservationStatus(StrEnum):
    """Allowed values of CapacityReservationStatus."""

    USED = "Used"
    UNUSED = "Unused"


class ChargeCategory(StrEnum):
    """Allowed values of ChargeCategory."""

    USAGE = "Usage"
    PURCHASE = "Purchase"
    TAX = "Tax"
    CREDIT = "Credit"
    ADJUSTMENT = "Adjustment"


class ChargeClass(StrEnum):
    """Allowed values of ChargeClass."""

    CORRECTION = "Correction"


class ChargeFrequency(StrEnum):
    """Allowed values of ChargeFrequency."""

    ONE_TIME = "One-Time"
    RECURRING = "Recurring"
    USAGE_BASED = "Usage-Based"


class CommitmentDiscountCategory(StrEnum):
    """Allowed values of CommitmentDiscountCategory."""

    SPEND = "Spend"
    USAGE = "Usage"


class CommitmentDiscountStatus(StrEnum):
    """Allowed values of CommitmentDiscountStatus."""

    USED = "Used"
    UNUSED = "Unused"


class PricingCategory(StrEnum):
    """Allowed values of PricingCategory."""

    STANDARD = "Standard"
    DYNAMIC = "Dynamic"
    COMMITTED = "Committed"
    OTHER = "Other"


class ServiceCategory(StrEnum):
    """Allowed values of ServiceCategory."""

    AI_AND_MACHINE_LEARNING = "AI and Machine Learning"
    ANALYTICS = "Analytics"
    BUSINESS_APPLICATIONS = "Business Applications"
    COMPUTE = "Compute"
    DATABASES = "Databases"
    DEVELOPER_TOOLS = "Developer Tools"
    MULTICLOUD = "Multicloud"
    IDENTITY = "Identity"
    INTEGRATION = "Integration"
    INTERNET_OF_THINGS = "Internet of Things"
    MANAGEMENT_AND_GOVERNANCE = "Management and Governance"
    MEDIA = "Media"
    MIGRATION = "Migration"
    MOBILE = "Mobile"
    NETWORKING = "Networking"
    SECURITY = "Security"
    STORAGE = "Storage"
    WEB = "Web"
    OTHER = "Other"


class ContractCommitmentCategory(StrEnum):
    """Allowed values of ContractCommitmentCategory."""

    SPEND = "Spend"
    USAGE = "Usage"


class ContractCommitmentBenefitCategory(StrEnum):
    """Allowed values of ContractCommitmentBenefitCategory."""

    DISCOUNT = "Discount"
    ENTITLEMENT = "Entitlement"
    AVAILABILITY = "Availability"
    OTHER = "Other"


class ContractCommitmentFulfillmentInterval(StrEnum):
    """Allowed values of ContractCommitmentFulfillmentInterval."""

    HOURLY = "Hourly"
    DAILY = "Daily"
    WEEKLY = "Weekly"
    MONTHLY = "Monthly"
    QUARTERLY = "Quarterly"
    SEMI_ANNUAL = "Semi-Annual"
    ANNUAL = "Annual"
    FULL_PERIOD = "Full Period"
    TRANSACTIONAL = "Transactional"
    CUSTOM = "Custom"


class ContractCommitmentLifecycleStatus(StrEnum):
    """Allowed values of ContractCommitmentLifecycleStatus."""

    PROPOSED = "Proposed"
    PENDING = "Pending"
    ACTIVE = "Active"
    EXHAUSTED = "Exhausted"
    EXPIRED = "Expired"
    CANCELED = "Canceled"
    SUPERSEDED = "Superseded"


class ContractCommitmentModel(StrEnum):
    """Allowed values of ContractCommitmentModel."""

    CONTINUOUS = "Continuous"
    DISCONTINUOUS = "Discontinuous"


class ContractCommitmentOfferCategory(StrEnum):
    """Allowed values of ContractCommitmentOfferCategory."""

    PUBLIC = "Public"
    NEGOTIATED = "Negotiated"


class ContractCommitmentPaymentInterval(StrEnum):
    """Allowed values of ContractCommitmentPaymentInterval."""

    ONE_TIME = "One-Time"
    MONTHLY = "Monthly"
    QUARTERLY = "Quarterly"
    SEMI_ANNUAL = "Semi-Annual"
    ANNUAL = "Annual"
    CUSTOM = "Custom"


class ContractCommitmentPaymentModel(StrEnum):
    """Allowed values of ContractCommitmentPaymentModel."""

    NO_UPFRONT = "No Upfront"
    PARTIAL_UPFRONT = "Partial Upfront"
    ALL_UPFRONT = "All Upfront"


class InvoiceIssueStatus(StrEnum):
    """Allowed values of InvoiceIssueStatus."""

    OPEN = "Open"
    ISSUED = "Issued"
    VOIDED = "Voided"


class BillingPeriodStatus(StrEnum):
    """Allowed values of BillingPeriodStatus."""

    OPEN = "Open"
    CLOSED = "Closed"
