"""Trusted Advisor's cost checks, where the support plan allows them: rows of text, read by their columns' names."""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from servers.aws.errors import code_of
from servers.kit.live.values import instant
from shared_models.errors import SourceNotEnabledError
from shared_models.recommendation import Action, Recommendation

ORIGIN: Final = "AWS Trusted Advisor"
_KINDS: Final = {
    "Qch7DwouX1": (Action.STOP, "Ec2Instance"),
    "DAvU99Dc4C": (Action.DELETE, "EbsVolume"),
    "Z4AUBRNSmz": (Action.DELETE, "ElasticIp"),
    "Ti39halfu8": (Action.STOP, "RdsDbInstance"),
    "hjLMh88uM8": (Action.DELETE, "LoadBalancer"),
    "G31sQ1E9U": (Action.STOP, "RedshiftCluster"),
    "L4dfs2Q4C5": (Action.RIGHTSIZE, "LambdaFunction"),
}
"""Check -> what it asks for, and of what; other checks ask for something else."""
_IDS: Final = (
    "Instance ID",
    "Volume ID",
    "IP Address",
    "DB Instance Name",
    "Load Balancer Name",
    "Cluster",
    "Function ARN",
)
_MONEY: Final = re.compile(r"\$\s?([\d,]+(?:\.\d+)?)")
_LANGUAGE: Final = "en"


def proposals(client: Any, account: str) -> Iterator[Recommendation]:
    """What the cost checks of one account flag; blocking.

    Raises:
        SourceNotEnabledError: the support plan does not allow it.
        botocore.exceptions.ClientError: as the SDK says it.

    """
    for check in _checks(client, account):
        if check["category"] != "cost_optimizing":
            continue
        said = client.describe_trusted_advisor_check_result(checkId=check["id"], language=_LANGUAGE)["result"]
        for flagged in said.get("flaggedResources", []):
            if flagged.get("status") != "ok" and not flagged.get("isSuppressed"):
                yield _proposal(check, said, flagged, account)


def _checks(client: Any, account: str) -> Sequence[Mapping[str, Any]]:
    try:
        return client.describe_trusted_advisor_checks(language=_LANGUAGE)["checks"]
    except Exception as error:
        if code_of(error) == "SubscriptionRequiredException":
            raise SourceNotEnabledError(
                "recommendations",
                source=f"Trusted Advisor of {account}",
                hint="Its cost checks need a Business or Enterprise support plan.",
            ) from error
        raise


def _proposal(
    check: Mapping[str, Any], said: Mapping[str, Any], flagged: Mapping[str, Any], account: str
) -> Recommendation:
    columns: Sequence[str] = check["metadata"]
    row = dict(zip(columns, flagged.get("metadata", ()), strict=False))
    action, kind = _KINDS.get(check["id"], (Action.OTHER, None))
    named = next((row[name] for name in _IDS if row.get(name)), None)
    return Recommendation(
        recommendation_id=f"trusted-advisor:{check['id']}:{account}:{flagged['resourceId']}",
        provider="aws",
        origin=ORIGIN,
        action=action,
        resource_id=named,
        resource_type=kind,
        sub_account_id=account,
        region_id=flagged.get("region"),
        summary=f"{check['name']}: {named or flagged['resourceId']}",
        current=row.get("Instance Type") or row.get("Volume Type"),
        estimated_monthly_savings=_saved(row),
        currency="USD",
        last_refresh=instant(said.get("timestamp")),
        evidence={"check": check["name"], **{name: value for name, value in row.items() if value}},
    )


def _saved(row: Mapping[str, str]) -> Decimal:
    """The monthly saving that a row states in dollars, zero where it states none."""
    for name, value in row.items():
        found = _MONEY.search(value or "")
        if found and ("Savings" in name or "Cost" in name):
            return Decimal(found[1].replace(",", ""))
    return Decimal(0)
