"""Evidence: what an answer with figures says that it rests on, and the query id that it is known by.

A query id stands for a meaning over sources. The words of a question are not part of it, what they mean is: so it has
the same id however it was written, and the same id on the same sources gives the same digits.
"""

from collections.abc import Sequence
from typing import Final, Self, TypedDict

from pydantic import Field

from orchestrator.ledger.snapshot import Hashed, Snapshot, sources_digest
from shared_models.base import WireModel
from shared_models.digest import digest_of

_LETTERS: Final = 16


class Evidence(WireModel):
    """What figures rest on: the same query id on the same sources gives the same digits."""

    query_id: str
    snapshot: int = Field(description="Generation of the ledger")
    as_of: str = Field(description="When that generation was committed (UTC)")
    sources: str = Field(description="Digest of the source partitions read")
    source_files: int
    basis: str = Field(description="The cost metric, or the metrics that are compared")
    complete: bool = Field(default=True, description="Nothing that was asked for is missing; coverage says what is")

    def derived(self, kind: str, *meaning: object, complete: bool, basis: str | None = None) -> Self:
        """The evidence of an answer that is made from the one with this evidence, whose id is part of its meaning."""
        changed = {"query_id": query_id(kind, [self.query_id, *meaning], ()), "complete": complete}
        return self.model_copy(update=changed | ({} if basis is None else {"basis": basis}))


class CostEvidence(Evidence):
    """What the figures of a typed question rest on."""

    line_items: int = Field(description="Line items behind the totals")
    read_from: str = Field(description="month, day or resource cube, or line items")


class SqlEvidence(Evidence):
    """What the rows of a statement rest on; its basis are the cost metrics that it names."""

    rows: int = Field(description="Rows in this answer")


class Grounds(TypedDict):
    """The part of an evidence that follows from the meaning and the sources alone."""

    query_id: str
    snapshot: int
    as_of: str
    sources: str
    source_files: int


def grounds(snapshot: Snapshot, kind: str, meaning: Sequence[object], sources: Sequence[Hashed]) -> Grounds:
    """What a question of some kind with this meaning rests on, over these sources of a snapshot."""
    committed = snapshot.committed_at
    return Grounds(
        query_id=query_id(kind, meaning, sources),
        snapshot=snapshot.generation,
        as_of=f"{committed:%Y-%m-%dT%H:%M:%SZ}" if committed else "",
        sources=sources_digest(sources),
        source_files=len(sources),
    )


def query_id(kind: str, meaning: Sequence[object], sources: Sequence[Hashed]) -> str:
    """The id of a question of some kind with this meaning over these sources: sixteen hexadecimal digits."""
    return digest_of("|".join([kind, *map(str, meaning), sources_digest(sources)]), _LETTERS)
