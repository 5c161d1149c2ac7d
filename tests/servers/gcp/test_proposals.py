"""Google's own examples of recommendations and of a commitment, as ours; what they do not say is not made up."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from google.cloud import recommender_v1
from google.protobuf import json_format

from servers.gcp.commitments import for_resources
from servers.gcp.inventory.assets import Asset, resource_of
from servers.gcp.recommendations.proposals import Place, proposal
from servers.gcp.recommendations.recommenders import RECOMMENDERS
from shared_models.recommendation import Action, Recommendation

KINDS = {one.name: one for one in RECOMMENDERS}


def proposals(folder: Path) -> dict[str, Recommendation | None]:
    """Subtype and saving -> ours, of every example."""
    found: dict[str, Recommendation | None] = {}
    for file in sorted((folder / "api-examples" / "gcp" / "recommender").glob("*.json")):
        for said in json.loads(file.read_text(encoding="utf-8"))["response"]["recommendations"]:
            message = recommender_v1.Recommendation()
            json_format.ParseDict(said, recommender_v1.Recommendation.pb(message))
            kind = KINDS[said["name"].split("/recommenders/")[1].split("/")[0]]
            place = Place("projects/rightsizer-test", said["name"].split("/locations/")[1].split("/")[0])
            found[f"{file.stem}"] = proposal(message, kind, place, {}, {})
    return found


def test_googles_examples_become_proposals_to_the_nano(reference_data: Path) -> None:
    found = proposals(reference_data)

    stop = next(one for name, one in found.items() if name.startswith("STOP_VM"))
    assert stop is not None
    assert (stop.action, stop.current, stop.recommended) == (Action.STOP, "RUNNING", "TERMINATED")
    assert stop.estimated_monthly_savings == Decimal("5.497242857")
    assert stop.resource_id is not None
    assert stop.resource_id.endswith("/zones/us-central1-a/instances/vkovalova-instance-memory-1")
    assert stop.region_id == "us-central1"
    disk = next(one for name, one in found.items() if name.startswith("SNAPSHOT_AND_DELETE"))
    assert disk is not None
    assert (disk.action, disk.estimated_monthly_savings) == (Action.DELETE, Decimal("0.135483871"))
    assert disk.resource_type == "compute.googleapis.com/Disk"


def test_advice_that_costs_more_than_it_saves_is_no_saving(reference_data: Path) -> None:
    assert next(one for name, one in proposals(reference_data).items() if name.startswith("CHANGE_MACHINE")) is None


def test_a_saving_over_another_time_is_brought_to_a_month() -> None:
    said: dict[str, Any] = {
        "name": "projects/1/locations/global/recommenders/google.compute.image.IdleResourceRecommender/recommendations/x",
        "primaryImpact": {
            "category": "COST",
            "costProjection": {"cost": {"currencyCode": "EUR", "units": "-73"}, "duration": "31536000s"},
        },
    }
    message = recommender_v1.Recommendation()
    json_format.ParseDict(said, recommender_v1.Recommendation.pb(message))
    kind = KINDS["google.compute.image.IdleResourceRecommender"]
    made = proposal(message, kind, Place("projects/p", "global"), {}, {})

    assert made is not None
    assert (made.estimated_monthly_savings, made.currency) == (Decimal(6), "EUR")
    assert made.region_id is None


@pytest.mark.parametrize("dated", [True, False])
def test_a_commitment_without_its_end_is_not_given_one(reference_data: Path, *, dated: bool) -> None:
    [file] = (reference_data / "api-examples" / "gcp" / "compute-other").glob("region-commitment*.json")
    items = json.loads(file.read_text(encoding="utf-8"))["response"]["items"]
    [said] = items["regions/us-central1"]["commitments"]
    if dated:
        said |= {"startTimestamp": "2026-01-01T00:00:00.000-08:00", "endTimestamp": "2027-01-01T00:00:00.000-08:00"}
    name = "//compute.googleapis.com/projects/cloud-custodian/regions/us-central1/commitments/c7n-test"
    asset = resource_of(Asset(name, "compute.googleapis.com/Commitment", "1", "us-central1", said), {})
    made = for_resources(asset, "0123AB-4567CD-89EF01", "USD")

    if not dated:
        assert made is None
        return
    assert made is not None
    assert made.commitment_discount_id == "projects/cloud-custodian/regions/us-central1/commitments/c7n-test"
    assert made.commitment_discount_name == "c7n-test: GENERAL_PURPOSE_E2 1 vCPU, 1024 MB of memory"
    assert (made.start.hour, made.status, made.hourly_commitment) == (8, "active", None)
