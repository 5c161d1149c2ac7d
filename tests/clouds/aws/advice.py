"""What Compute Optimizer, Cost Optimization Hub and Trusted Advisor share: the sample's recommendations and metrics."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.clouds.aws.call import Call
from tests.clouds.aws.errors import AwsError

_SIZES: Final = ("nano", "micro", "small", "medium", "large", "xlarge", "2xlarge")


def recommendations(call: Call, accounts: Sequence[str], kinds: Sequence[str | None]) -> list[dict[str, Any]]:
    """The sample's recommendations for resources of these kinds in these accounts, with what each costs a month.

    A recommendation without an account is the payer's own.
    """
    rows = call.ledger.rows(
        "SELECT a.*, COALESCE(a.sub_account_id, ?) AS account, i.resource_name, i.monthly_cost, i.size_gib, i.tags,"
        " i.availability_zone, i.attached_to FROM advice a LEFT JOIN item i USING (resource_id)"
        " WHERE a.sub_account_id IS NOT NULL OR a.currency = ? ORDER BY a.recommendation_id",
        [call.payer, call.ledger.currency_of(call.payer)],
    )
    found = [row for row in rows if row["account"] in accounts and row["resource_type"] in kinds]
    return [{**row, "arn": arn_of(row)} for row in found]


_BARE: Final = {"virtual_machine": "ec2:{region}:{account}:instance/", "block_volume": "ec2:{region}:{account}:volume/"}


def arn_of(row: Mapping[str, Any]) -> str | None:
    """The ARN of a resource: bills name instances, volumes and buckets barely, these APIs name everything by ARN."""
    named = row["resource_id"]
    if named is None or str(named).startswith("arn:"):
        return named
    before = _BARE.get(str(row["resource_type"]), "s3:::").format(region=row["region_id"], account=row["account"])
    return f"arn:aws:{before}{named}"


def accounts_of(call: Call, asked: Sequence[str] | None) -> list[str]:
    """The accounts that the caller may be told of.

    Raises:
        AwsError: a member asks for another account.

    """
    own = call.principal.account
    if asked and not call.is_management and set(asked) != {own}:
        raise AwsError("AccessDeniedException", "Only the management account can ask for other accounts.")
    return list(asked or [own])


def organisation(call: Call) -> list[str]:
    """The payer and its members."""
    return [call.payer, *(str(a["id"]) for a in call.ledger.accounts if a["payer"] == call.payer)]


def measured(call: Call, resource: str, metric: str) -> dict[str, float] | None:
    """Average and maximum of a metric over the last fourteen days; None where it is not measured."""
    rows = call.ledger.rows(
        "SELECT avg(average) AS average, max(maximum) AS maximum FROM metric WHERE resource_id = ? AND metric = ?"
        ' AND "start" >= ? - INTERVAL 14 DAY HAVING count(*) > 0',
        [resource, metric, call.now.replace(tzinfo=None)],
    )
    return {name: float(str(value)) for name, value in rows[0].items()} if rows else None


def half(size: str) -> str:
    """The type with half the capacity in the same family: db.r6g.4xlarge -> db.r6g.2xlarge."""
    family, _, name = size.rpartition(".")
    if (found := re.fullmatch(r"(\d+)xlarge", name)) and int(found[1]) > 2:
        return f"{family}.{int(found[1]) // 2}xlarge"
    return f"{family}.{_SIZES[max(0, _SIZES.index(name) - 1)]}"


def savings(call: Call, row: Mapping[str, Any]) -> tuple[float, float]:
    """What a recommendation saves a month in US dollars, and in percent of what its resource costs."""
    rate = call.ledger.to_dollars(call.payer)
    saved, cost = row["estimated_monthly_savings"] * rate, (row["monthly_cost"] or 0) * rate
    return round(float(saved), 2), round(float(saved / cost * 100), 4) if cost else 0.0


def tags(row: Mapping[str, Any]) -> list[dict[str, str]]:
    """The tags of a resource as lower-case key and value pairs."""
    return [{"key": key, "value": value} for key, value in sorted((row["tags"] or {}).items())]
