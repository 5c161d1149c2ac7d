"""Pins: names for generations that no sweep may forget, such as what a month close refers to."""

from dataclasses import dataclass
from datetime import datetime

from orchestrator.ledger.catalog import Catalog, require_kept, stamp


def pin(catalog: Catalog, name: str, generation: int, now: datetime) -> None:
    """Keep a generation under a name; the same name again moves the pin.

    Raises:
        SnapshotExpiredError: the generation was swept already, or never was.
        LedgerUnavailableError: the disk refused.

    """
    with catalog.committing() as connection:
        require_kept(connection, generation)
        connection.execute("INSERT OR REPLACE INTO pin VALUES (?, ?, ?)", [name, generation, stamp(now)])


def unpin(catalog: Catalog, name: str) -> bool:
    """Take a pin away; says whether there was one. The next sweep may forget what it held.

    Raises:
        LedgerUnavailableError: the disk refused.

    """
    with catalog.committing() as connection:
        return connection.execute("DELETE FROM pin WHERE name = ?", [name]).rowcount > 0


@dataclass(frozen=True)
class Pin:
    """One name, the generation that it keeps, and since when."""

    name: str
    generation: int
    pinned_at: str


def pins(catalog: Catalog) -> tuple[Pin, ...]:
    """Every pin, by name."""
    with catalog.reading() as connection:
        rows = connection.execute("SELECT * FROM pin ORDER BY name").fetchall()
    return tuple(Pin(str(row["name"]), int(row["generation"]), str(row["pinned_at"])) for row in rows)


def pinned(catalog: Catalog) -> dict[str, int]:
    """Name -> generation of every pin, by name."""
    return {pin.name: pin.generation for pin in pins(catalog)}
