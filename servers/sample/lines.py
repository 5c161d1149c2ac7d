"""The resources: drawn lines of usage by Zipf, the story's own lines, and every resource that they have stood for."""

import duckdb

from servers.sample.plan import Plan, following

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


def create_lines(connection: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Tables `line` (one meter of one resource slot) and `resource` (who fills the slot in which generation)."""
    _draw_lines(connection)
    _add_story_lines(connection)
    _create_resources(connection, plan)


def _draw_lines(connection: duckdb.DuckDBPyConnection) -> None:
    """Spend falls by rank of the sub account about as 1/rank; each service family gets its share of the estate's spend."""
    connection.execute(
        "CREATE TABLE line AS WITH slot AS (SELECT key AS estate, provider, monthly_usd, e.accounts,"
        " unnest(range(lines)) AS n, ordinal * 1000000000 + n AS line_key FROM estate e), placed AS ("
        "  SELECT s.*, CAST(floor(s.accounts * unit(line_key, 'a') * unit(line_key, 'a')) AS INTEGER) AS account,"
        "  unit(line_key, 'f') AS u FROM slot s"
        "), weighed AS (SELECT p.*, f.family, f.spend_share, f.steady, CAST(1e9 / sqrt(account + 1)"
        "  * (0.25 + 3 * pow(unit(line_key, 'w'), 3)) AS BIGINT) AS weight FROM placed p"
        "  JOIN family f ON f.estate = p.estate AND p.u >= f.low AND p.u < f.high"
        "), based AS (SELECT *, CASE WHEN unit(line_key, 'p') < steady THEN 1.0 ELSE 0.15 END AS presence,"
        "  monthly_usd / 30.4 * spend_share * weight / sum(weight) OVER (PARTITION BY estate, family) / presence"
        "  AS base_usd FROM weighed"
        "), sized AS (SELECT b.line_key, COALESCE(min_by(s.sku, s.price) FILTER (s.price * 24 >= base_usd * 1.25),"
        "  max_by(s.sku, s.price)) AS sku FROM based b JOIN sku s ON s.provider = b.provider AND s.family = b.family"
        "  GROUP BY ALL)"
        " SELECT b.line_key, b.estate, b.account, z.sku, b.base_usd, b.presence, g.region_id, s.eligible,"
        "  CASE WHEN s.resource_type = 'virtual_machine' AND unit(b.line_key, 'spot') < 0.05 THEN 'Dynamic' ELSE"
        "  'Standard' END AS pricing_category, CAST(draw(b.line_key, 'bucket') % 100 AS INTEGER) AS bucket,"
        "  s.weekend, s.month_end, (unit(b.line_key, 'g') - 0.35) * 0.4 AS growth,"
        "  200 + CAST(draw(b.line_key, 'life') % 1400 AS INTEGER) AS life, CAST(draw(b.line_key, 'phase') % 1600 AS"
        "  INTEGER) AS phase, false AS hourly, CAST(NULL AS VARCHAR) AS reservation, CAST(NULL AS VARCHAR) AS cluster,"
        "  CAST(NULL AS VARCHAR) AS story, CAST(NULL AS VARCHAR) AS fixed_name, CAST(NULL AS MAP(VARCHAR, VARCHAR)) AS"
        "  fixed_tags FROM based b JOIN sized z USING (line_key) JOIN sku s ON s.provider = b.provider AND s.sku = z.sku"
        " JOIN region g ON g.estate = b.estate AND g.whole * CASE WHEN unit(b.line_key, 'home') < 0.75 THEN"
        "  unit(b.estate || b.account, 'region') ELSE unit(b.line_key, 'region') END >= g.low"
        "  AND g.whole * CASE WHEN unit(b.line_key, 'home') < 0.75 THEN unit(b.estate || b.account, 'region')"
        "  ELSE unit(b.line_key, 'region') END < g.high ORDER BY b.line_key"
    )


def _add_story_lines(connection: duckdb.DuckDBPyConnection) -> None:
    """Story lines live for ever, grow not, and no commitment covers them, so that their labels stay exact."""
    connection.execute(
        "INSERT INTO line BY NAME SELECT e.ordinal * 1000000000 + 900000000 + t.ordinal AS line_key, t.estate, t.account,"
        " t.sku, t.base_usd, 1.0 AS presence, t.region AS region_id, s.eligible, 'Standard' AS pricing_category,"
        " -1 AS bucket, CASE WHEN t.key IN ('cents', 'reserved') OR t.cluster IS NOT NULL OR t.sku = 'marketplace' THEN"
        " 1.0 ELSE 0.9 END AS weekend, t.month_end, 0.0 AS growth, 100000 AS life, 0 AS phase, t.hourly, t.reservation,"
        " t.cluster, t.key AS story, t.name AS fixed_name, CASE WHEN cardinality(t.tags) > 0 THEN t.tags END AS fixed_tags"
        " FROM story t JOIN estate e ON e.key = t.estate JOIN sku s ON s.provider = e.provider AND s.sku = t.sku"
        " ORDER BY t.ordinal"
    )


def _create_resources(connection: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """A slot's resource is replaced when its life ends: resources are born and die all the time."""
    first, last = plan.billing_months[0], following(plan.billing_months[-1])
    replaced = "s.id_template"
    for mark, value in {
        "{region}": "r.region_id",
        "{account}": "r.home_id",
        "{zone}": "r.region_id || CASE e.provider WHEN 'gcp' THEN '-b' ELSE 'a' END",
        "{name}": "r.name",
        "{rg}": "'rg-' || r.home_name",
        "{hex17}": "r.digest[1:17]",
        "{hex12}": "upper(r.digest[1:12])",
    }.items():
        replaced = f"replace({replaced}, '{mark}', {value})"
    connection.execute(
        "CREATE TABLE resource AS WITH span AS (SELECT *, unnest(range((DATE '"
        f"{first}' - DATE '2000-01-01' + phase) // life, (DATE '{last}' - DATE '2000-01-01' + phase) // life + 1)) AS gen"
        " FROM line), home AS (SELECT * FROM account QUALIFY row_number() OVER (PARTITION BY estate, number"
        " ORDER BY valid_from DESC NULLS LAST) = 1), r AS (SELECT l.*, h.name AS home_name, h.sub_account_id AS home_id,"
        " h.team, h.environment, h.cost_centre, md5(concat_ws('|', line_key, gen, 'resource')) AS digest,"
        " COALESCE(fixed_name, h.team || '-' || replace(lower(l.sku), '.', '-') || '-' || digest[1:6]) AS name FROM span l"
        " JOIN home h ON h.estate = l.estate AND h.number = l.account)"
        f" SELECT r.line_key, r.gen, CASE WHEN s.id_template IS NOT NULL THEN {replaced} END AS resource_id,"
        " CASE WHEN s.id_template IS NOT NULL THEN r.name END AS resource_name, s.native_type, s.resource_type,"
        " 'rg-' || r.home_name AS resource_group, r.estate, r.region_id, r.account,"
        f" {_tags('r.team')} AS tags, CASE WHEN unit(r.line_key, 'retag') < 0.06 THEN {_tags(repr('lakehouse'))} ELSE tags"
        " END AS tags_after FROM r JOIN estate e ON e.key = r.estate JOIN sku s ON s.provider = e.provider AND s.sku = r.sku"
        " ORDER BY r.line_key, r.gen"
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
