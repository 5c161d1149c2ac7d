"""The bills of all payers: where they lie in S3, and the mirror of them."""

from collections.abc import Iterator
from pathlib import Path

from servers.aws.data_exports.discovery import Place as Bucket
from servers.aws.data_exports.discovery import configured, places
from servers.aws.data_exports.store import S3Store
from servers.aws.exports import NATIVE_FORMATS
from servers.aws.live import Live
from servers.kit.exported.bills import Booked
from servers.kit.live.mirror.bills import FRESH_FOR, JUST_NOW, Kind, MirroredBills, Place, Problems
from shared_models.errors import FinOpsError, SourceNotEnabledError

__all__ = ["FRESH_FOR", "JUST_NOW", "LiveBills"]


class LiveBills(MirroredBills):
    """Mirrors, converts and keeps; blocking, call it off the event loop. `beside` are the bills of a local folder."""

    def __init__(self, live: Live, cache: Path, beside: Booked | None) -> None:
        kind = Kind(
            "aws",
            "Data Export",
            NATIVE_FORMATS,
            SourceNotEnabledError(
                "bills in bulk",
                source="AWS (no Data Export found)",
                hint="Create a Data Export of the FOCUS table; `skyledger doctor aws` prints a template.",
            ),
        )
        super().__init__(kind, self._looked_for, live.folder / "mirror", cache, beside, live.clock)
        self._live = live

    def _looked_for(self, problems: Problems) -> Iterator[Place]:
        for bucket in self._buckets(problems):
            yield Place(f"s3://{bucket.bucket}/{bucket.prefix}", S3Store(self._live, bucket))

    def _buckets(self, problems: Problems) -> tuple[Bucket, ...]:
        if self._live.settings.export_locations:
            return configured(self._live)
        found: list[Bucket] = []
        try:
            payers = self._live.sessions.payers()
        except FinOpsError as error:
            problems.append(("our own account", error))
            return ()
        for payer in payers:
            try:
                found += places(self._live, payer)
            except FinOpsError as error:
                problems.append((payer, error))
        return tuple(found)
