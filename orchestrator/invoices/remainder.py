"""What an unexplained remainder looks like: credits, a sub account, or charges of another payer of the same amount."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from orchestrator.invoices.bridge import Step, billed, step_of
from orchestrator.invoices.judge import Judged, category_differences
from orchestrator.invoices.match import Unit
from orchestrator.invoices.tolerance import subunit
from orchestrator.query.bill import BillPart
from shared_models.money import plain
from shared_models.untrusted import safe_text

_MOST: Final = 3


def look_alikes(unit: Unit, judged: Judged, every: Sequence[BillPart]) -> tuple[str, ...]:
    """Sentences that name what has the remainder's amount; `every` is the whole bill by sub account.

    An equal amount is a hint and no proof, and the sentences say no more than that.
    """
    rest, unit_of_money = judged.unexplained, subunit(unit.currency)
    if not rest:
        return ()
    found = [
        f"{category}: the invoice has {plain(said)}, the ledger {plain(held)}."
        for category, said, held in category_differences(unit)
    ]
    own = [part for part in every if _is_of(part, unit)]
    for label, amount in _own_amounts(own):
        if abs(rest + amount) <= unit_of_money:
            found.append(f"The ledger's {label} have this amount ({plain(amount)}) and seem not to be on the invoice.")
    others = [part for part in every if part.currency == unit.currency and part not in own]
    for (payer, account), amount in _by_account(others).items():
        if abs(rest - amount) <= unit_of_money:
            found.append(
                f"Sub account {safe_text(account)}, which the ledger has under payer {safe_text(payer)},"
                f" has this amount ({plain(amount)})."
            )
    return tuple(found[:_MOST])


def _is_of(part: BillPart, unit: Unit) -> bool:
    return (part.billing_account_id, part.currency) == (unit.billing_account_id, unit.currency)


def _own_amounts(parts: Sequence[BillPart]) -> list[tuple[str, Decimal]]:
    """By kind of charge, by sub account, and by both: the most general one that fits is said first."""
    by_step: dict[Step, list[BillPart]] = {}
    for part in parts:
        by_step.setdefault(step_of(part), []).append(part)
    found = [(step.value.replace("_", " "), billed(own)) for step, own in by_step.items()]
    found += [(f"charges of sub account {safe_text(name)}", amount) for (_, name), amount in _by_account(parts).items()]
    for step, own in by_step.items():
        kind = step.value.replace("_", " ")
        found += [
            (f"{kind} of sub account {safe_text(name)}", amount) for (_, name), amount in _by_account(own).items()
        ]
    return [(label, amount) for label, amount in found if amount]


def _by_account(parts: Sequence[BillPart]) -> dict[tuple[str, str], Decimal]:
    found: dict[tuple[str, str], Decimal] = {}
    for part in parts:
        if part.sub_account_id:
            key = (part.billing_account_id, part.sub_account_id)
            found[key] = found.get(key, Decimal(0)) + part.billed
    return {key: amount for key, amount in found.items() if amount}
