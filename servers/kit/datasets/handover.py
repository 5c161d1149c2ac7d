"""Which datasets a cloud hands over in bulk beside its bills, and what it cannot."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio.to_thread

from servers.kit.datasets.bill_conformance import Bill, conformance_parts
from servers.kit.datasets.files import SERVER, Origin
from servers.kit.datasets.items import part_of_port
from servers.kit.ports import Cloud, Pages
from shared_models.coverage import Gap, SourceState
from shared_models.dataset import FOCUS_DATASETS, DatasetName
from shared_models.errors import FinOpsError, SourceNotEnabledError
from shared_models.export import ConvertedExport, DatasetPart, ImportReport
from shared_models.server_card import Port

_PORTS: Final = {
    DatasetName.INVENTORY: Port.INVENTORY,
    DatasetName.USAGE: Port.USAGE,
    DatasetName.PRICES: Port.PRICES,
    DatasetName.COMMITMENTS: Port.COMMITMENTS,
    DatasetName.RECOMMENDATIONS: Port.RECOMMENDATIONS,
    DatasetName.ORGANISATION: Port.ORGANISATION,
}
"""Datasets that are all of what one port has."""


@dataclass(frozen=True)
class HandedOver:
    """Parts, the reports of what was converted for them, and what is not here."""

    parts: tuple[DatasetPart, ...]
    reports: tuple[ImportReport, ...]
    gaps: tuple[Gap, ...]


async def hand_over(
    cloud: Cloud, names: Sequence[DatasetName], bills: Sequence[ConvertedExport], out: Path
) -> HandedOver:
    """The parts of these datasets; one that is not offered, or fails, is a gap and the others come."""
    focus = [name for name in names if name in FOCUS_DATASETS]
    handed = [await _focus(cloud, focus)] if focus else []
    handed += [await _one(cloud, name, bills, out) for name in names if name not in FOCUS_DATASETS]
    return HandedOver(
        tuple(part for one in handed for part in one.parts),
        tuple(report for one in handed for report in one.reports),
        tuple(gap for one in handed for gap in one.gaps),
    )


async def _focus(cloud: Cloud, names: Sequence[DatasetName]) -> HandedOver:
    """The FOCUS datasets that are exported beside the bill; a file that cannot be read stands for all of them."""
    try:
        found = await cloud.exports.datasets()
    except FinOpsError as error:
        return HandedOver((), (), tuple(_failed(cloud, name, error) for name in names))
    parts = tuple(part for one in found for part in one.parts if part.name in names)
    delivered = {part.name for part in parts}
    return HandedOver(
        parts,
        tuple(one.report for one in found if one.report.dataset in names),
        tuple(_not_offered(cloud, name) for name in names if name not in delivered),
    )


async def _one(cloud: Cloud, name: DatasetName, bills: Sequence[ConvertedExport], out: Path) -> HandedOver:
    try:
        parts = await _parts(cloud, name, bills, out)
    except FinOpsError as error:
        return HandedOver((), (), (_failed(cloud, name, error),))
    return HandedOver(parts, (), () if parts else (_not_offered(cloud, name),))


async def _parts(
    cloud: Cloud, name: DatasetName, bills: Sequence[ConvertedExport], out: Path
) -> tuple[DatasetPart, ...]:
    if name is DatasetName.CONFORMANCE:
        found = [Bill.of(part) for export in bills for part in export.parts]
        return await anyio.to_thread.run_sync(conformance_parts, found, out)
    port = _PORTS[name]
    if not cloud.offers().get(port, False):
        return ()
    as_of = max((fresh.data_as_of for fresh in cloud.freshness(port) if fresh.data_as_of), default=None)
    return (await part_of_port(_pages(cloud, port), Origin(name, cloud.name, SERVER, as_of), out),)


def _pages(cloud: Cloud, port: Port) -> Pages[Any]:
    ports: dict[Port, Pages[Any]] = {
        Port.INVENTORY: cloud.inventory,
        Port.USAGE: cloud.usage,
        Port.PRICES: cloud.prices,
        Port.COMMITMENTS: cloud.commitments,
        Port.RECOMMENDATIONS: cloud.recommendations,
        Port.ORGANISATION: cloud.organisation,
    }
    return ports[port]


def _failed(cloud: Cloud, name: DatasetName, error: FinOpsError) -> Gap:
    return Gap(
        source=cloud.name,
        state=SourceState.NOT_OFFERED if isinstance(error, SourceNotEnabledError) else SourceState.ERROR,
        code=error.code,
        message=f"{name.value}: {error.message}",
        hint=error.hint,
    )


def _not_offered(cloud: Cloud, name: DatasetName) -> Gap:
    return Gap(
        source=cloud.name,
        state=SourceState.NOT_OFFERED,
        code="source_not_enabled",
        message=f"{name.value} is not in the configured source",
        hint=f"Put {name.value}.parquet beside the bills.",
    )
