"""Split costs (a cluster's pods beside the cluster): where the parent is in the bill too, the splits stand aside."""

from collections.abc import Mapping
from typing import Final

import duckdb

from servers.kit.exports.sql import as_money, as_text
from shared_models.quoting import quoted

_ROUNDING: Final = "0.000001"
_KEY: Final = (
    "BillingAccountId",
    "BillingPeriodStart",
    "SubAccountId",
    "ResourceId",
    "SkuId",
    "ChargeCategory",
    "ChargePeriodStart",
    "ChargePeriodEnd",
)


def split_condition(connection: duckdb.DuckDBPyConnection, kinds: Mapping[str, str]) -> str | None:
    """SQL over `mapped`: the row is a split whose parent charge is in the bill as well; None where nothing is split.

    A group of rows is such a case when its splits cost what its other rows cost, in both BilledCost and EffectiveCost,
    up to the rounding of the shares: then they are the same money twice. Splits that replace their parent are charges
    and count.
    """
    if "AllocatedMethodId" not in kinds:
        return None
    split = f"{as_text(quoted('AllocatedMethodId'), kinds['AllocatedMethodId'])} IS NOT NULL"
    row = connection.execute(f"SELECT count(*) FROM mapped WHERE {split}").fetchone() or (0,)
    if not row[0]:
        return None
    keys = [name for name in _KEY if name in kinds]
    texts = [f"COALESCE(CAST({quoted(name)} AS VARCHAR), '')" for name in keys]
    key = " || chr(31) || ".join(texts)
    sums = " AND ".join(
        f"COALESCE(sum({as_money(quoted(m), kinds[m])}) FILTER ({split}), 0)"
        f" BETWEEN COALESCE(sum({as_money(quoted(m), kinds[m])}) FILTER (NOT ({split})), 0) - {_ROUNDING}"
        f" AND COALESCE(sum({as_money(quoted(m), kinds[m])}) FILTER (NOT ({split})), 0) + {_ROUNDING}"
        for m in ("BilledCost", "EffectiveCost")
    )
    connection.execute(
        f"CREATE TABLE split_parent AS SELECT {key} AS split_key FROM mapped GROUP BY 1"
        f" HAVING count(*) FILTER ({split}) > 0 AND count(*) FILTER (NOT ({split})) > 0 AND {sums}"
    )
    return f"({split}) AND {key} IN (SELECT split_key FROM split_parent)"
