"""The four billing accounts of Quillhaven, a fictional retailer with its own logistics, and what they are billed in."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final


@dataclass(frozen=True)
class Estate:
    """One billing account: `monthly_usd` is its spend at list in an ordinary month, `decimals` how it is billed."""

    key: str
    provider: str
    billing_account_id: str
    billing_account_name: str
    billing_account_type: str
    sub_account_type: str
    provider_name: str
    issuer: str
    currency: str
    decimals: int
    monthly_usd: int
    row_share: float
    accounts: int
    discount: Decimal
    tax_rate: Decimal
    support_rate: Decimal


ESTATES: Final = (
    Estate(
        key="aws",
        provider="aws",
        billing_account_id="418273650912",
        billing_account_name="Quillhaven Group",
        billing_account_type="Management Account",
        sub_account_type="Linked Account",
        provider_name="AWS",
        issuer="Amazon Web Services, Inc.",
        currency="USD",
        decimals=10,
        monthly_usd=1_000_000,
        row_share=0.43,
        accounts=220,
        discount=Decimal("0.06"),
        tax_rate=Decimal("0.021"),
        support_rate=Decimal("0.031"),
    ),
    Estate(
        key="aws-jp",
        provider="aws",
        billing_account_id="730951862447",
        billing_account_name="クイルヘイブン・ジャパン (Quillhaven Japan KK)",
        billing_account_type="Management Account",
        sub_account_type="Linked Account",
        provider_name="AWS",
        issuer="Amazon Web Services Japan G.K.",
        currency="JPY",
        decimals=6,
        monthly_usd=150_000,
        row_share=0.06,
        accounts=24,
        discount=Decimal("0.03"),
        tax_rate=Decimal("0.1"),
        support_rate=Decimal("0.04"),
    ),
    Estate(
        key="azure",
        provider="azure",
        billing_account_id="/providers/Microsoft.Billing/billingAccounts/8f1d2c7a-4b60-5e93-9a18-d2c6b7e0f345:"
        "3a9e51b7-60c2-4d8f-b1e4-70f9c2a8d613_2019-05-31/billingProfiles/QHEU-7K2M-BG7-PGB",
        billing_account_name="Quillhaven Europe SE",
        billing_account_type="Billing Profile",
        sub_account_type="Subscription",
        provider_name="Microsoft",
        issuer="Microsoft",
        currency="EUR",
        decimals=10,
        monthly_usd=520_000,
        row_share=0.26,
        accounts=90,
        discount=Decimal("0.09"),
        tax_rate=Decimal(0),
        support_rate=Decimal(0),
    ),
    Estate(
        key="gcp",
        provider="gcp",
        billing_account_id="01A7F3-9C42E8-D5B610",
        billing_account_name="Quillhaven Data",
        billing_account_type="Billing Account",
        sub_account_type="Project",
        provider_name="Google Cloud",
        issuer="Google Cloud EMEA Limited",
        currency="USD",
        decimals=6,
        monthly_usd=400_000,
        row_share=0.25,
        accounts=80,
        discount=Decimal("0.04"),
        tax_rate=Decimal("0.012"),
        support_rate=Decimal("0.03"),
    ),
)

PROVIDERS: Final = ("aws", "azure", "gcp")

RATES: Final = {
    "EUR": ("0.9190", "0.9245", "0.9210", "0.9155", "0.9230", "0.9275", "0.9185", "0.9160", "0.9250", "0.9205"),
    "JPY": ("149.60", "151.20", "150.35", "148.90", "152.10", "153.45", "151.80", "149.95", "150.70", "152.65"),
}
"""Units of a currency for one US dollar, one a month, repeating: every month of the calendar has one."""


def rate(currency: str, year: int, month: int) -> Decimal:
    """The rate of a billing month: units of the currency for one US dollar."""
    if currency == "USD":
        return Decimal(1)
    cycle = RATES[currency]
    return Decimal(cycle[(year * 12 + month) % len(cycle)])
