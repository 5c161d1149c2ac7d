"""What a mirror must say beside its figures: damaged deliveries, and copies of what the store no longer has."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from servers.kit.live.mirror.refresh import Damaged
from servers.kit.live.mirror.versions import mirrored, seen
from shared_models.coverage import Gap, SourceState
from shared_models.period import instant_text
from shared_models.untrusted import safe_text

_MOST_NAMED: Final = 6


def gaps_of_damaged(source: str, damaged: Iterable[Damaged]) -> tuple[Gap, ...]:
    """A gap for each reason why months of an export could not be read."""
    periods: dict[tuple[str, str], list[Damaged]] = {}
    for one in damaged:
        periods.setdefault((one.source_key, one.error.code), []).append(one)
    return tuple(
        Gap(
            source=source,
            state=SourceState.PARTIAL,
            code=code,
            message=safe_text(f"{_named([one.period for one in same])} of export {key}: {same[0].error.message}"),
            hint=same[0].error.hint,
        )
        for (key, code), same in sorted(periods.items())
    )


def gaps_of_unseen(source: str, folder: Path, since: datetime) -> tuple[Gap, ...]:
    """A gap for each export of which months are answered from copies that the store was not seen to have `since`."""
    unseen: dict[str, list[tuple[str, datetime]]] = {}
    for own, version in mirrored(folder):
        last = seen(own.parent.parent).get(version.period)
        if last is None or last < since:
            unseen.setdefault(version.source_key, []).append((version.period, last or version.made_at))
    return tuple(
        Gap(
            source=source,
            state=SourceState.PARTIAL,
            code="export_not_seen",
            message=safe_text(
                f"{_named([period for period, _ in found])} of export {key} come from a copy: last seen there on"
                f" {instant_text(max(last for _, last in found))}"
            ),
            hint="Where the export was moved or removed on purpose, nothing is wrong with what was copied.",
        )
        for key, found in sorted(unseen.items())
    )


def _named(periods: Sequence[str]) -> str:
    shown = ", ".join(sorted(periods)[:_MOST_NAMED])
    return shown if len(periods) <= _MOST_NAMED else f"{shown} and {len(periods) - _MOST_NAMED} more"
