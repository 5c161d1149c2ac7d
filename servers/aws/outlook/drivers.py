"""What moved the costs between two months, as Cost Explorer's comparison tells it."""

from typing import Any, Final

from servers.aws.live import Live
from servers.aws.outlook.answers import told
from servers.kit.live.tiers import fresh_for
from shared_models.period import ChargePeriod

METRIC: Final = "NetAmortizedCost"


async def drivers(live: Live, payer: str, baseline: ChargePeriod, comparison: ChargePeriod) -> dict[str, Any]:
    """One payer's groups that moved most, each with what drove it; null where AWS has no data of a month.

    Raises:
        FinOpsError: AWS refused or failed, or the purse is empty.

    """
    arguments = {
        "BaselineTimePeriod": _said(baseline),
        "ComparisonTimePeriod": _said(comparison),
        "MetricForComparison": METRIC,
    }
    keep = min(fresh_for(one, live.clock()) for one in (baseline, comparison))
    pages = await told(live, payer, "get_cost_comparison_drivers", arguments, "CostComparisonDrivers", keep)
    found = pages and [one for page in pages for one in page["CostComparisonDrivers"]]
    return {"billing_account_id": payer, "metric": METRIC, "drivers": found}


def _said(period: ChargePeriod) -> dict[str, str]:
    return {"Start": f"{period.start:%Y-%m-%d}", "End": f"{period.end:%Y-%m-%d}"}
