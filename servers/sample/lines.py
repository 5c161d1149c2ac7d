"""The resources: drawn lines of usage by Zipf, the story's own lines, and every resource that they have stood for."""

import duckdb

from servers.sample.plan import Plan, following
from servers.sample.sql import statement

_TAG_KEYS = {
    "environment": ("Environment", "Environment", "environment", "Env", "env", "ENV"),
    "team": ("team", "team", "Team", "owner-team"),
    "cost-centre": ("cost-center", "CostCenter", "cost_center"),
}
_SPELLINGS = {
    "production": ("production", "production", "prod", "PROD", "Production"),
    "staging": ("staging", "stage", "Staging"),
    "development": ("development", "dev", "DEV"),
    "sandbox": ("sandbox", "sbx", "Sandbox"),
}


_MARKS = {
    "{region}": "r.region_id",
    "{account}": "r.home_id",
    "{zone}": "r.region_id || CASE e.provider WHEN 'gcp' THEN '-b' ELSE 'a' END",
    "{name}": "r.name",
    "{rg}": "'rg-' || r.home_name",
    "{hex17}": "r.digest[1:17]",
    "{hex12}": "upper(r.digest[1:12])",
}
"""What stands for the marks of an id template."""


def create_lines(connection: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Tables `line` (one meter of one resource slot) and `resource` (who fills the slot in which generation)."""
    connection.execute(statement("lines"))
    identifier = "s.id_template"
    for mark, value in _MARKS.items():
        identifier = f"replace({identifier}, '{mark}', {value})"
    connection.execute(
        statement(
            "resources",
            first=plan.billing_months[0],
            last=following(plan.billing_months[-1]),
            resource_id=identifier,
            tags=_tags("r.team"),
            tags_after=_tags("'lakehouse'"),
        )
    )


def _tags(team: str) -> str:
    """SQL: the tags of a resource; about three in ten have none, and keys and values are spelt as people spell them."""

    def one(key: str, value: str, share: float) -> str:
        keys = "[" + ", ".join(f"'{name}'" for name in _TAG_KEYS[key]) + "]"
        spelt = f"{keys}[1 + CAST(draw(r.line_key, '{key}') % {len(_TAG_KEYS[key])} AS INTEGER)]"
        spelt = f"CASE WHEN r.estate = 'gcp' THEN lower({spelt}) ELSE {spelt} END"
        return f"CASE WHEN unit(r.line_key, 'has-{key}') < {share} THEN {{'k': {spelt}, 'v': {value}}} END"

    cases = " ".join(
        f"WHEN '{name}' THEN [{', '.join(repr(word) for word in words)}]"
        f"[1 + CAST(draw(r.line_key, 'spelling') % {len(words)} AS INTEGER)]"
        for name, words in _SPELLINGS.items()
    )
    environment = f"CASE r.environment {cases} END"
    environment = f"CASE WHEN r.estate = 'gcp' THEN lower({environment}) ELSE {environment} END"
    pairs = ", ".join(
        (one("environment", environment, 0.9), one("team", team, 0.85), one("cost-centre", "r.cost_centre", 0.5))
    )
    drawn = f"map_from_entries(list_filter([{pairs}], lambda p: p IS NOT NULL))"
    return (
        f"CASE WHEN r.fixed_tags IS NOT NULL THEN r.fixed_tags WHEN unit(r.line_key, 'tagged') < 0.72 THEN {drawn}"
        " ELSE CAST(MAP {} AS MAP(VARCHAR, VARCHAR)) END"
    )
