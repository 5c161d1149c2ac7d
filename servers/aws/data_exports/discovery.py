"""Which exports of a payer lie where: as the settings say, else as Data Exports and legacy reports define them."""

from dataclasses import dataclass
from typing import Any

from servers.aws.live import Live
from shared_models.errors import FinOpsError


@dataclass(frozen=True)
class Place:
    """One place in S3 below which exports lie, and the account whose credentials read it (our own without one)."""

    bucket: str
    prefix: str
    account: str | None
    region: str | None = None


def places(live: Live, payer: str | None) -> tuple[Place, ...]:
    """Where a payer's exports lie; blocking.

    Raises:
        FinOpsError: AWS tells neither its Data Exports nor its legacy reports.

    """
    problems: list[FinOpsError] = []
    found: list[Place] = []
    for ask in (_data_exports, _legacy_reports):
        try:
            found += ask(live, payer)
        except FinOpsError as error:
            problems.append(error)
    if problems and not found:
        raise problems[0]
    return tuple(dict.fromkeys(found))


def configured(live: Live) -> tuple[Place, ...]:
    """The places of the settings."""
    return tuple(
        Place(location.bucket, f"{location.prefix.rstrip('/')}/" if location.prefix else "", None)
        for location in live.settings.export_locations
    )


def _data_exports(live: Live, payer: str | None) -> list[Place]:
    found: list[Place] = []
    token: str | None = None
    while True:
        page = live.asked("bcm-data-exports", "list_exports", payer, {"NextToken": token} if token else {})
        for one in page["Exports"]:
            said = live.asked("bcm-data-exports", "get_export", payer, {"ExportArn": one["ExportArn"]})["Export"]
            place = said["DestinationConfigurations"]["S3Destination"]
            found.append(_place(place, said["Name"], payer))
        token = page.get("NextToken")
        if not token:
            return found


def _legacy_reports(live: Live, payer: str | None) -> list[Place]:
    found: list[Place] = []
    token: str | None = None
    while True:
        page = live.asked("cur", "describe_report_definitions", payer, {"NextToken": token} if token else {})
        found += [_place(said, said["ReportName"], payer) for said in page["ReportDefinitions"]]
        token = page.get("NextToken")
        if not token:
            return found


def _place(said: Any, name: str, payer: str | None) -> Place:
    prefix = str(said.get("S3Prefix", "")).strip("/")
    return Place(said["S3Bucket"], f"{prefix}/{name}/" if prefix else f"{name}/", payer, said.get("S3Region"))
