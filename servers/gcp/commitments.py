"""Committed use discounts: those for resources from Cloud Asset Inventory, those for spend from their BigQuery export.

What was used of a commitment is in neither, so `utilization` is not said here: the ledger computes it from the bill.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from servers.gcp.billing_accounts import billing_accounts
from servers.gcp.billing_exports.discovery import ExportTables
from servers.gcp.gaps import gap_of
from servers.gcp.inventory.everything import everything
from servers.gcp.live import Live
from servers.gcp.organisation import NO_ACCOUNT, LiveOrganisation
from servers.gcp.spend_commitments import for_spend
from servers.kit.live.kept_items import Found, KeptItems
from servers.kit.live.threads import off_loop
from servers.kit.live.values import instant
from servers.kit.ports import Pages
from shared_models.commitment import CommitmentDiscount
from shared_models.coverage import Gap, SourceState
from shared_models.errors import FinOpsError
from shared_models.inventory import Resource

FRESH_FOR: Final = timedelta(hours=6)
ASSET: Final = "compute.googleapis.com/Commitment"
_HOST: Final = "//compute.googleapis.com/"
"""Stands before a name in the inventory, and not in a bill."""
_PARTS: Final = {"vcpus": "vCPU", "memory_mb": "MB of memory", "accelerators": "GPU", "local_ssd_gb": "GB of local SSD"}


def commitments(
    live: Live, inventory: Pages[Resource], organisation: LiveOrganisation, tables: ExportTables
) -> KeptItems[CommitmentDiscount]:
    """The port."""

    async def read(_asked: Mapping[str, object]) -> Found[CommitmentDiscount]:
        resources, gaps = await everything(inventory)
        bought = [one for one in resources if one.native_type == ASSET]
        payers, currencies, more = await _payers(live, organisation)
        found: dict[str, CommitmentDiscount] = {}
        dateless: list[str] = []
        for one in bought:
            payer = payers.get(one.sub_account_id, NO_ACCOUNT)
            made = for_resources(one, payer, currencies.get(payer, "USD"))
            if made is None:
                dateless.append(one.resource_id)
            else:
                found[made.commitment_discount_id] = made
        spent, refused = await off_loop(for_spend, live, tables)
        found |= {one.commitment_discount_id: one for one in spent}
        ordered = sorted(found.values(), key=lambda one: one.commitment_discount_id)
        return Found(tuple(ordered), (*gaps, *more, *refused, *map(_dateless, dateless)))

    return KeptItems(CommitmentDiscount, read, live.folder / "live" / "commitments", live.clock, fresh_for=FRESH_FOR)


def for_resources(asset: Resource, payer: str, currency: str) -> CommitmentDiscount | None:
    """A commitment of vCPUs, memory, GPUs or SSD; null where the asset does not say when it ends.

    Such a commitment is a number of resources and no amount of money, so its hourly price is not known here.
    """
    start, end = _time(asset.facts.get("starts")) or asset.created_at, _time(asset.facts.get("ends"))
    if start is None or end is None:
        return None
    bought = [f"{asset.facts[name]} {unit}" for name, unit in _PARTS.items() if name in asset.facts]
    what = f"{asset.facts.get('type', 'GENERAL_PURPOSE')} {', '.join(bought)}".strip()
    return CommitmentDiscount(
        commitment_discount_id=asset.resource_id.removeprefix(_HOST),
        commitment_discount_name=f"{asset.resource_name}: {what}",
        commitment_discount_type="Resource-based CUD",
        commitment_discount_category="Usage",
        provider="gcp",
        billing_account_id=payer,
        sub_account_id=asset.sub_account_id,
        region_id=asset.region_id,
        start=start,
        end=end,
        payment_model="No Upfront",
        currency=currency,
        status=(asset.state or "active").lower(),
    )


async def _payers(
    live: Live, organisation: LiveOrganisation
) -> tuple[Mapping[str, str], Mapping[str, str], tuple[Gap, ...]]:
    """Project -> billing account, billing account -> currency."""
    try:
        projects, gaps = await organisation.projects()
        accounts = await billing_accounts(live)
    except FinOpsError as error:
        return {}, {}, (gap_of("billing accounts of commitments", error),)
    payers = {one.sub_account_id: one.billing_account_id for one in projects}
    return payers, {one.billing_account_id: one.currency for one in accounts}, gaps


def _time(said: str | None) -> datetime | None:
    return instant(said) if said else None


def _dateless(name: str) -> Gap:
    return Gap(
        source="gcp",
        state=SourceState.PARTIAL,
        code="data_not_ready",
        message=f"{name} does not say when it begins and ends.",
        hint="Look at it in Compute Engine.",
    )
