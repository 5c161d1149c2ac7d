"""Cost Explorer's outlook: forecasts and anomalies, both from the ledger's own days by rules that are stated here.

A forecast day is the mean of the last four same weekdays' usage; its bounds widen by the spread of those days. An
anomaly is a service's day above 1.5 times the median of its fourteen days before and 100 units of currency over it;
days in a row are one anomaly.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import NormalDist, median, pstdev
from typing import Any, Final

from tests.clouds.aws import ce_scope as scope
from tests.clouds.aws.call import Call
from tests.clouds.aws.errors import AwsError, validation
from tests.clouds.aws.ledger import amount

_METRICS: Final = {
    "AMORTIZED_COST": "effective",
    "BLENDED_COST": "billed",
    "NET_AMORTIZED_COST": "effective",
    "NET_UNBLENDED_COST": "billed",
    "UNBLENDED_COST": "billed",
}
_WEEKS: Final = 4
_BEFORE: Final = 14
_FACTOR: Final = Decimal("1.5")
_LEAST: Final = 100


def forecast(call: Call) -> dict[str, Any]:
    """GetCostForecast: from today on, at most a year and a half ahead (three months by day)."""
    params = call.params
    period, granularity = scope.span(params["TimePeriod"]), params["Granularity"]
    today = call.now.replace(hour=0, minute=0, second=0, microsecond=0)
    if params["Metric"] not in _METRICS or granularity == "HOURLY":
        raise validation("The metric or granularity is not valid for a cost forecast")
    if period.start < today:
        raise validation("Start date must be equal to or later than the current date")
    if period.end > today + timedelta(days=93 if granularity == "DAILY" else 550):
        raise validation("End date is too far in the future for this granularity")
    history = _weekdays(call, _METRICS[params["Metric"]], today)
    width = Decimal(str(NormalDist().inv_cdf(0.5 + params.get("PredictionIntervalLevel", 80) / 200)))
    results: list[dict[str, Any]] = []
    total = Decimal(0)
    for span in scope.buckets(period, granularity):
        days = [span.start.date() + timedelta(days=n) for n in range((span.end - span.start).days)]
        mean = sum((sum(history[d.weekday()]) / _WEEKS for d in days), Decimal(0))
        spread = sum((Decimal(str(pstdev(history[d.weekday()]))) ** 2 for d in days), Decimal(0)).sqrt() * width
        total += mean
        results.append(
            {
                "TimePeriod": scope.said(span),
                "MeanValue": amount(mean),
                "PredictionIntervalLowerBound": amount(max(Decimal(0), mean - spread)),
                "PredictionIntervalUpperBound": amount(mean + spread),
            }
        )
    unit = call.ledger.currency_of(call.payer)
    return {"Total": {"Amount": amount(total), "Unit": unit}, "ForecastResultsByTime": results}


def _weekdays(call: Call, column: str, today: datetime) -> list[list[Decimal]]:
    """The last four amounts of each weekday; purchases, tax and credits do not recur by day."""
    since = today - timedelta(weeks=_WEEKS)
    where = scope.own_rows(call) & scope.in_span(scope.Span(since, today))
    where = where & scope.expression(call.params.get("Filter")) & scope.Where("category = 'Usage'")
    rows = call.ledger.rows(f"SELECT day, sum({column}) AS cost FROM line WHERE {where.sql} GROUP BY day", where.values)
    if not rows:
        raise AwsError("DataUnavailableException", "Insufficient amount of historical data to generate forecast.")
    costs = {row["day"]: row["cost"] for row in rows}
    days = [since.date() + timedelta(days=n) for n in range(_WEEKS * 7)]
    return [[costs.get(day, Decimal(0)) for day in days if day.weekday() == number] for number in range(7)]


def monitors(call: Call) -> dict[str, Any]:
    """GetAnomalyMonitors: the one that AWS sets up by itself, by service."""
    scope.own_rows(call)
    arns = call.params.get("MonitorArnList")
    monitor = {
        "MonitorArn": _monitor(call),
        "MonitorName": "Default-Services-Monitor",
        "CreationDate": "2024-01-15",
        "LastUpdatedDate": "2024-01-15",
        "LastEvaluatedDate": call.now.date().isoformat(),
        "MonitorType": "DIMENSIONAL",
        "MonitorDimension": "SERVICE",
        "DimensionalValueCount": len(
            call.ledger.rows("SELECT DISTINCT service FROM line WHERE payer = ?", [call.payer])
        ),
    }
    found = [monitor] if arns is None or monitor["MonitorArn"] in arns else []
    page, more = call.page(found, token="NextPageToken")  # noqa: S106
    return {"AnomalyMonitors": page, **more}


def _monitor(call: Call) -> str:
    return f"arn:aws:ce::{call.payer}:anomalymonitor/5f0c4f0e-9f6c-4a5e-8d1a-{call.payer}"


def anomalies(call: Call) -> dict[str, Any]:
    """GetAnomalies, the newest first."""
    params = call.params
    interval = params["DateInterval"]
    start = scope.instant(interval["StartDate"]).date()
    end = scope.instant(interval["EndDate"]).date() if "EndDate" in interval else call.now.date()
    if params.get("MonitorArn") not in {None, _monitor(call)}:
        raise AwsError("UnknownMonitorException", "The cost anomaly monitor does not exist.")
    found = [
        _anomaly(call, service, days)
        for service, days in _unusual(call)
        if start <= days[0][0] <= end and _impact_fits(days, params.get("TotalImpact"))
    ]
    found.sort(key=lambda anomaly: (anomaly["AnomalyStartDate"], anomaly["AnomalyId"]), reverse=True)
    page, more = call.page(found, token="NextPageToken")  # noqa: S106
    return {"Anomalies": page, **more}


_Days = list[tuple[date, Decimal, Decimal]]
"""(day, what it cost, what was expected) of one anomaly."""


def _unusual(call: Call) -> Iterator[tuple[str, _Days]]:
    where = scope.own_rows(call) & scope.Where("category = 'Usage' AND start_at < ?", (call.now.replace(tzinfo=None),))
    rows = call.ledger.rows(
        f"SELECT service, day, sum(billed) AS cost FROM line WHERE {where.sql} GROUP BY ALL ORDER BY service, day",
        where.values,
    )
    for service in dict.fromkeys(str(row["service"]) for row in rows):
        own = [(row["day"], row["cost"]) for row in rows if row["service"] == service]
        run: _Days = []
        for number in range(_BEFORE, len(own)):
            day, cost = own[number]
            expected = Decimal(median(c for _, c in own[number - _BEFORE : number]))
            unusual = cost > expected * _FACTOR and cost - expected > _LEAST
            if run and (not unusual or day - run[-1][0] > timedelta(days=1)):
                yield service, run
                run = []
            if unusual:
                run.append((day, cost, expected))
        if run:
            yield service, run


def _impact(days: _Days) -> Decimal:
    return sum((cost - expected for _, cost, expected in days), Decimal(0))


def _impact_fits(days: _Days, asked: Mapping[str, Any] | None) -> bool:
    if asked is None:
        return True
    impact, least = float(_impact(days)), asked["StartValue"]
    return {
        "EQUAL": impact == least,
        "GREATER_THAN": impact > least,
        "GREATER_THAN_OR_EQUAL": impact >= least,
        "LESS_THAN": impact < least,
        "LESS_THAN_OR_EQUAL": impact <= least,
        "BETWEEN": least <= impact <= asked.get("EndValue", impact),
    }[asked["NumericOperator"]]


def _anomaly(call: Call, service: str, days: _Days) -> dict[str, Any]:
    first, last = days[0][0], days[-1][0]
    actual, expected = sum(cost for _, cost, _ in days), sum(usual for _, _, usual in days)
    causes = call.ledger.rows(
        "SELECT region, account, any_value(account_name) AS name, usage_type, sum(billed) AS cost FROM line"
        " WHERE payer = ? AND service = ? AND category = 'Usage' AND day BETWEEN ? AND ?"
        " GROUP BY region, account, usage_type ORDER BY cost DESC LIMIT 2",
        [call.payer, service, first, last],
    )
    worst = max(cost - usual for _, cost, usual in days)
    return {
        "AnomalyId": f"{first:%Y%m%d}-{service.replace(' ', '')[:24]}",
        "AnomalyStartDate": f"{first}T00:00:00Z",
        "AnomalyEndDate": f"{last}T00:00:00Z",
        "DimensionValue": service,
        "RootCauses": [_cause(service, cause) for cause in causes],
        "AnomalyScore": {"MaxScore": 1.0, "CurrentScore": 1.0 if last >= call.now.date() - timedelta(days=2) else 0.0},
        "Impact": {
            "MaxImpact": float(worst),
            "TotalImpact": float(_impact(days)),
            "TotalActualSpend": float(actual),
            "TotalExpectedSpend": float(expected),
            **({"TotalImpactPercentage": float(_impact(days) / expected * 100)} if expected else {}),
        },
        "MonitorArn": _monitor(call),
    }


def _cause(service: str, cause: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Service": service,
        "Region": cause["region"],
        "LinkedAccount": cause["account"],
        "LinkedAccountName": cause["name"],
        "UsageType": cause["usage_type"],
        "Impact": {"Contribution": float(cause["cost"])},
    }


OPERATIONS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {
    "GetAnomalies": anomalies,
    "GetAnomalyMonitors": monitors,
    "GetCostForecast": forecast,
}
