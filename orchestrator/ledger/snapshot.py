"""A snapshot: the loads of one generation, and which of their files can answer a question."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Protocol

from orchestrator.ledger.loads import Load
from shared_models.digest import digest_of
from shared_models.export import CostBasis
from shared_models.period import ChargePeriod


@dataclass(frozen=True)
class Snapshot:
    """What one generation holds."""

    generation: int
    committed_at: datetime | None
    loads: tuple[Load, ...]

    @cached_property
    def booked(self) -> tuple[Load, ...]:
        """The loads that count."""
        return tuple(load for load in self.loads if load.booked)

    @property
    def aside(self) -> tuple[Load, ...]:
        """The loads that are kept to reconcile and enter no sum."""
        return tuple(load for load in self.loads if not load.booked)

    @cached_property
    def providers(self) -> tuple[str, ...]:
        """The providers with at least one booked load."""
        return tuple(sorted({load.provider for load in self.booked}))

    @cached_property
    def span(self) -> ChargePeriod | None:
        """From the first to the last charge; None for an empty ledger."""
        if not self.booked:
            return None
        return ChargePeriod(
            start=min(load.charge_period_min for load in self.booked),
            end=max(load.charge_period_max for load in self.booked),
        )

    def touching(self, periods: Sequence[ChargePeriod]) -> tuple[Load, ...]:
        """The booked loads that can hold a charge of these periods.

        Pruned by charge period, never by billing period: October's bill holds charges of September.
        """
        return tuple(
            load
            for load in self.booked
            if any(load.charge_period_min < period.end and load.charge_period_max > period.start for period in periods)
            or any(load.charge_period_min == load.charge_period_max == period.start for period in periods)
        )


class Hashed(Protocol):
    """Something that is known by the hash of its bytes."""

    @property
    def sha256(self) -> str: ...


def sources_digest(loads: Iterable[Hashed]) -> str:
    """A short hash of the source partitions behind a figure: the same digest means the same data."""
    return digest_of("".join(sorted(load.sha256 for load in loads)), 16)


def unknown_basis(loads: Iterable[Load], basis: CostBasis) -> tuple[Load, ...]:
    """The loads whose source does not know this cost metric."""
    return tuple(load for load in loads if basis not in load.bases)
