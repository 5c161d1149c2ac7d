"""What an answer covers: accounts, days and cost metrics that are missing are said first."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import combinations

from orchestrator.ledger.loads import Load
from orchestrator.ledger.snapshot import Snapshot, unknown_basis
from shared_models.coverage import Coverage, Freshness, Gap, SourceState
from shared_models.export import CostBasis
from shared_models.period import ChargePeriod, instant_text
from shared_models.reach import shortfalls


def coverage_of(
    snapshot: Snapshot,
    loads: Sequence[Load],
    period: ChargePeriod,
    bases: Iterable[CostBasis],
    accounts: dict[str, int],
    expected: Sequence[str] = (),
) -> tuple[Coverage, tuple[str, ...]]:
    """The coverage of a period, and the notes that say in words what is missing.

    `accounts` is the number of sub accounts that each provider's organisation is known to have; `expected` are the
    providers whose servers offer bills.
    """
    missing = sorted(set(expected) - set(snapshot.providers))
    gaps = [
        _gap(name, "not_synced", "its bills are not in the ledger yet; finops_sync brings them") for name in missing
    ]
    reached: list[str] = []
    for provider in snapshot.providers:
        own = [load for load in loads if load.provider == provider]
        every = [load for load in snapshot.booked if load.provider == provider]
        gaps += [_gap(provider, code, message) for code, message in shortfalls(own, every, period)]
        reached += _accounts(provider, own, accounts.get(provider))
        gaps += [gap for basis in bases for gap in _basis(provider, own, basis)]
        gaps += _pro_forma(provider, own)
        gaps += _not_counted(provider, own, snapshot, period)
    gaps += _sellers(loads)
    answered = tuple(sorted({load.provider for load in loads}))
    notes = (*(f"{gap.source}: {gap.message}" for gap in gaps), *reached)
    return Coverage(complete=not gaps, answered=answered, gaps=tuple(gaps)), notes


def bill_coverage(bill: Snapshot, period: ChargePeriod, wanted: Iterable[str]) -> Coverage:
    """The coverage of one billing period's bill: the wanted providers without one, unknown metrics, an open month."""
    gaps: list[Gap] = []
    for provider in sorted(set(wanted)):
        own = [load for load in bill.booked if load.provider == provider]
        made = max((load.data_as_of for load in own if load.data_as_of), default=None)
        if not own:
            gaps.append(_gap(provider, "no_bill", f"the ledger holds no bill of {period.start:%Y-%m}"))
        elif made is not None and made < period.end:
            gaps.append(_gap(provider, "bill_open", f"the bill is as of {instant_text(made)}; the month is not over"))
        gaps += [gap for basis in (CostBasis.BILLED, CostBasis.EFFECTIVE) for gap in _basis(provider, own, basis)]
        gaps += _pro_forma(provider, own)
    return Coverage(complete=not gaps, answered=bill.providers, gaps=tuple(gaps))


def freshness_of(loads: Iterable[Load]) -> tuple[Freshness, ...]:
    """How old the data of each provider is."""
    by_provider: dict[str, list[Load]] = {}
    for load in loads:
        by_provider.setdefault(load.provider, []).append(load)
    return tuple(_freshness(provider, own) for provider, own in sorted(by_provider.items()))


def _freshness(provider: str, own: Sequence[Load]) -> Freshness:
    newest = max(
        (load for load in own if load.data_as_of), key=lambda load: load.data_as_of or load.loaded_at, default=None
    )
    return Freshness(
        source=provider,
        data_as_of=newest.data_as_of if newest else None,
        dated_by=newest.dated_by if newest else None,
        fetched_at=max(load.loaded_at for load in own),
        origin=", ".join(sorted({load.source_format.value for load in own})),
    )


def _accounts(provider: str, own: Sequence[Load], known: int | None) -> list[str]:
    """A note, not a gap: an account without a charge is normal, and only its owner knows whether it is."""
    found = {account for load in own for account in load.sub_account_ids}
    if known is None or len(found) >= known or not own:
        return []
    return [f"{provider}: costs from {len(found)} of {known} accounts"]


def _not_counted(provider: str, own: Sequence[Load], snapshot: Snapshot, period: ChargePeriod) -> list[Gap]:
    """Accounts that only a source knows which does not count, for it overlaps the source of record."""
    counted = {account for load in own for account in load.sub_account_ids}
    beside = [
        load
        for load in snapshot.aside
        if load.provider == provider and load.charge_period_min < period.end and load.charge_period_max > period.start
    ]
    if not own:
        return []
    missing = {account for load in beside for account in load.sub_account_ids} - counted
    known = {_bill(load) for load in own if load.account_rows}
    unknown = {_bill(load) for load in beside if load.account_rows} - known
    said: list[str] = []
    if missing:
        said.append(f"{len(missing)} accounts are only in sources kept aside (skyledger sources)")
    if unknown:
        months = ", ".join(sorted({f"{start:%Y-%m}" for _, start in unknown}))
        said.append(f"charges of no account, such as tax, are only in sources kept aside ({months}; skyledger sources)")
    return [_gap(provider, "not_counted", text) for text in said]


def _sellers(loads: Sequence[Load]) -> list[Gap]:
    """Two sources of one bill that name its sellers differently: no rule tells which of them counts."""
    by_bill: dict[tuple[str, datetime], list[Load]] = {}
    for load in loads:
        by_bill.setdefault(_bill(load), []).append(load)
    found: dict[tuple[str, str], set[str]] = {}
    for (_, start), own in by_bill.items():
        for one, other in combinations(sorted(own, key=lambda load: load.provider), 2):
            apart = one.provider != other.provider and one.source_key != other.source_key
            if apart and not set(one.sub_account_ids).isdisjoint(other.sub_account_ids):
                found.setdefault((one.provider, other.provider), set()).add(f"{start:%Y-%m}")
    return [
        _gap(one, "may_count_twice", f"two sources of one bill call it {one} and {other} ({', '.join(sorted(months))})")
        for (one, other), months in sorted(found.items())
    ]


def _bill(load: Load) -> tuple[str, datetime]:
    return load.billing_account_id, load.billing_period_start


def _basis(provider: str, own: Sequence[Load], basis: CostBasis) -> list[Gap]:
    unknown = unknown_basis(own, basis)
    if not unknown:
        return []
    formats = ", ".join(sorted({load.source_format.value for load in unknown}))
    months = ", ".join(sorted({f"{load.billing_period_start:%Y-%m}" for load in unknown}))
    return [_gap(provider, "basis_unknown", f"{basis.value} is not fully known from {formats} ({months})")]


def _pro_forma(provider: str, own: Sequence[Load]) -> list[Gap]:
    if not any(load.pro_forma for load in own):
        return []
    return [_gap(provider, "pro_forma", "these are pro-forma charges of a reseller or showback group, not a bill")]


def _gap(provider: str, code: str, message: str) -> Gap:
    return Gap(source=provider, state=SourceState.PARTIAL, code=code, message=message)
