"""Published rules whose machine-readable form contradicts their own text: never held against the data.

Each was read beside its text and run on conforming rows. Several are repaired upstream since: FOCUS_Spec #2622
(CapacityReservationStatus, CommitmentDiscountStatus), #2393, #2394, #2447.
"""

from typing import Final

_UNGATED: Final = "its condition is malformed, so it would ask the same of every row"
_INVERTED: Final = "it checks the opposite of its own text"
_STATUS_VALUES: Final = "it lists the values of another status; the specification says Used and Unused"
_OTHER_COLUMN: Final = "it looks at PricingCurrencyListUnitPrice instead of the column that it names"
_NO_CONDITION: Final = "it lacks the condition of its own text and contradicts the rule beside it"
_OTHER_KEY: Final = "it looks for the key ContractCommitmentID instead of the one that it names"
_FOREIGN: Final = "it takes ContractId, a key that FOCUS itself asks for, for a custom key"
_TOO_WIDE: Final = "it lacks half of the condition of its own text"

_RESERVATION: Final = {
    "CapacityReservationStatus-C-003-C": _UNGATED,
    "CapacityReservationStatus-C-004-C": _UNGATED,
}
_COMMON: Final = {
    **_RESERVATION,
    "CommitmentDiscountStatus-C-003-C": _INVERTED,
    "CommitmentDiscountStatus-C-004-C": _INVERTED,
    "CommitmentDiscountStatus-C-005-M": _STATUS_VALUES,
    "ConsumedQuantity-C-006-C": _INVERTED,
    "PricingCurrencyEffectiveCost-C-004-M": _OTHER_COLUMN,
    "EffectiveCost-C-005-C": f"{_TOO_WIDE}: only purchases that cover future charges have an effective cost of 0",
}

KNOWN_BAD: Final[dict[str, dict[str, str]]] = {
    "1.2": {
        **_COMMON,
        "InvoiceId-C-004-C": _NO_CONDITION,
        "InvoiceId-C-005-C": _NO_CONDITION,
        "BilledCost-C-005-C": "an invoice issuer may bill for the provider (resellers): that is no third-party payment",
    },
    "1.3": {
        **{f"CAU-{name}": reason for name, reason in _COMMON.items()},
        "CAU-PricingCurrencyContractedUnitPrice-C-012-C": _INVERTED,
        "CAU-ContractAppliedObject-O-010-M": _FOREIGN,
        "CAU-ContractAppliedObject-O-017-C": _FOREIGN,
        "CAU-ContractAppliedObject-O-042-C": _OTHER_KEY,
        "CAU-ContractAppliedObject-O-051-C": _OTHER_KEY,
        "CAU-ContractAppliedObject-O-060-C": _OTHER_KEY,
        "CAU-ContractAppliedObject-O-048-M": "a cost may be null when a quantity is given; null is no wrong decimal",
        "CAU-ContractAppliedObject-O-057-M": "a quantity may be null when a cost is given; null is no wrong decimal",
    },
}
"""FOCUS version -> rule id -> why."""
