"""Pins: generations that stay, by name, whatever is swept: a month close, a report."""

from collections.abc import Mapping
from datetime import datetime

from orchestrator.ledger.catalog import Catalog, stamp


def pin(catalog: Catalog, name: str, generation: int, now: datetime) -> None:
    """Keep what a generation sees under a name; a name that exists moves.

    Raises:
        LedgerUnavailableError: the catalogue cannot be written.

    """
    with catalog.committing() as connection:
        connection.execute("INSERT OR REPLACE INTO pin VALUES (?, ?, ?)", [name, generation, stamp(now)])


def unpin(catalog: Catalog, name: str) -> bool:
    """Let a name go; says whether there was one.

    Raises:
        LedgerUnavailableError: the catalogue cannot be written.

    """
    with catalog.committing() as connection:
        return connection.execute("DELETE FROM pin WHERE name = ?", [name]).rowcount > 0


def pinned(catalog: Catalog) -> Mapping[str, int]:
    """The generation behind each name."""
    with catalog.reading() as connection:
        rows = connection.execute("SELECT name, generation FROM pin ORDER BY name").fetchall()
    return {str(row["name"]): int(row["generation"]) for row in rows}
