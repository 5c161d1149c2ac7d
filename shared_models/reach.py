"""How far bills reach into a period: one rule for the ledger's answers and for a cloud server's own."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from shared_models.period import ChargePeriod, instant_text


class Charged(Protocol):
    """A part of a bill or a load of one: the time of its charges, and when it was made."""

    @property
    def charge_period_min(self) -> datetime: ...
    @property
    def charge_period_max(self) -> datetime: ...
    @property
    def data_as_of(self) -> datetime | None: ...


def shortfalls(own: Sequence[Charged], every: Sequence[Charged], period: ChargePeriod) -> tuple[tuple[str, str], ...]:
    """What one provider's bills lack of a period, as (code of the gap, message); nothing where they reach over it.

    `every` is all that counts of the provider, `own` what of it was read for the period.
    """
    first, last = min(one.charge_period_min for one in every), known_until(every)
    if not own:
        span = f"{instant_text(first)} to {instant_text(last)}"
        return (("no_data", f"no charges in this period; the bills hold {span}"),)
    found: list[tuple[str, str]] = []
    if period.start < first:
        found.append(("starts_late", f"data starts {instant_text(first)}, after the asked start"))
    if period.end > last:
        covered = max(last - period.start, timedelta()).days
        found.append(("ends_early", f"data reaches {covered} of {period.days} days, to {instant_text(last)}"))
    if missing := _missing_months(own, period, first, last):
        found.append(("missing_months", f"no data for {', '.join(missing)}"))
    return tuple(found)


def known_until(every: Sequence[Charged]) -> datetime:
    """Until when charges are known: a monthly fee reaches to the month's end before the month has ended."""
    last = max(one.charge_period_max for one in every)
    made = [one.data_as_of for one in every if one.data_as_of]
    return min(last, max(made)) if made and max(made) > min(one.charge_period_min for one in every) else last


def _missing_months(own: Sequence[Charged], period: ChargePeriod, first: datetime, last: datetime) -> list[str]:
    """Months inside the data's span that nothing covers."""
    missing: list[str] = []
    month = max(period.start, first).astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while month < min(period.end, last):
        following = (month + timedelta(days=32)).replace(day=1)
        if not any(one.charge_period_min < following and one.charge_period_max > month for one in own):
            missing.append(f"{month:%Y-%m}")
        month = following
    return missing
