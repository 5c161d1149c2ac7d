"""What the business adds: dimensions, synonyms, calendar and rates as a piece of skyledger.toml, budgets, metrics."""

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final

import duckdb

from servers.sample.accounts import accounts
from servers.sample.estates import RATES, rate
from servers.sample.plan import Plan
from servers.sample.sql import copy_csv, statement

_FIXED: Final = """\
[tags.keys]
environment = ["Environment", "environment", "Env", "env", "ENV"]
team = ["team", "Team", "owner-team"]
cost_centre = ["cost-center", "CostCenter", "cost_center", "costcenter"]

[tags.values.environment]
production = ["production", "prod", "PROD", "Production"]
staging = ["staging", "stage", "Staging"]
development = ["development", "dev", "DEV"]
sandbox = ["sandbox", "sbx", "Sandbox"]

[calendar]
fiscal_year_start_month = 2
time_zone = "UTC"
pattern = "months"

[spend.operating]
exclude_charge_categories = ["Tax"]

[spend.usage-only]
exclude_charge_categories = ["Tax", "Credit", "Adjustment"]
exclude_service_names = ["AWS Support (Enterprise)", "Microsoft Support", "Support"]

[spend.without-marketplace]
exclude_marketplace = true
"""


def write_business(connection: duckdb.DuckDBPyConnection, plan: Plan, folder: Path) -> None:
    """`skyledger.toml` (a fragment), `budgets.csv` and `business_metrics.csv`."""
    folder.mkdir(parents=True, exist_ok=True)
    text = "\n".join([*_account_records(plan.seed), _FIXED, *_rates(plan)])
    (folder / "skyledger.toml").write_text(text, encoding="utf-8")
    metrics = statement("business_metrics", first=plan.billing_months[0], last_day=plan.last_day)
    for name, text in {"budgets": statement("budgets"), "business_metrics": metrics}.items():
        copy_csv(connection, text, folder / f"{name}.csv")


def _account_records(seed: int) -> Iterable[str]:
    for account in accounts(seed):
        lines = ["[[dimensions.account]]", f"sub_account_id = {_text(account.sub_account_id)}"]
        lines += [f"valid_from = {account.valid_from}"] if account.valid_from else []
        lines += [f"valid_to = {account.valid_to}"] if account.valid_to else []
        lines += [
            f"{name} = {_text(value)}"
            for name, value in {
                "team": account.team,
                "division": account.division,
                "owner": account.owner,
                "cost_centre": account.cost_centre,
                "gl_account": account.gl_account,
                "environment": account.environment,
                "hierarchy": " / ".join(account.path),
            }.items()
        ]
        yield "\n".join(lines) + "\n"


def _rates(plan: Plan) -> Iterable[str]:
    yield "[rates.monthly]"
    for currency in RATES:
        days = ", ".join(f"{month} = {_inverse(currency, month)}" for month in plan.billing_months)
        yield f'"{currency}/USD" = {{ {days} }}'


def _inverse(currency: str, month: date) -> str:
    """US dollars for one unit, to six significant places behind the first, as text keeps it exact."""
    return f'"{1 / rate(currency, month.year, month.month):.8f}"'


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
