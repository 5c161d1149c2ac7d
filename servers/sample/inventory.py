"""What runs where on the last day, with what each resource cost in the last 30 days, and the datasets beside it."""

import json
from pathlib import Path
from typing import Final

import duckdb

from servers.sample.estates import ESTATES, PROVIDERS
from servers.sample.plan import Plan

_PRINCIPALS: Final = {
    "aws": "arn:aws:iam::418273650912:role/SkyLedgerReadOnly",
    "azure": "skyledger-reader (service principal)",
    "gcp": "skyledger-reader@qh-billing.iam.gserviceaccount.com",
}


def create_inventory(connection: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Table `item`: one row a resource, with the profile by which its metrics are drawn."""
    day = f"DATE '{plan.last_day}' - 1"
    connection.execute(
        "CREATE TABLE item AS WITH alive AS (SELECT l.*, r.resource_id, r.resource_name, r.resource_type,"
        " r.native_type, r.tags_after AS tags, e.provider, e.currency, a.sub_account_id, s.price, s.unit AS priced_by,"
        f" DATE '2000-01-01' + CAST(r.gen * l.life - l.phase AS INTEGER) AS born FROM line l JOIN resource r ON r.line_key"
        f" = l.line_key AND r.gen = ({day} - DATE '2000-01-01' + l.phase) // l.life JOIN estate e ON e.key = l.estate"
        f" JOIN sku s ON s.provider = e.provider AND s.sku = l.sku JOIN account a ON a.estate = l.estate AND a.number ="
        f" l.account AND {day} >= COALESCE(a.valid_from, {day}) AND (a.valid_to IS NULL OR {day} < a.valid_to)"
        f" WHERE r.resource_id IS NOT NULL AND l.sku <> 'marketplace' AND NOT (l.story IS NOT NULL AND l.base_usd = 0 AND"
        f" NOT EXISTS (FROM bump b WHERE b.line = l.story AND {day} BETWEEN b.first AND b.last))"
        " QUALIFY row_number() OVER (PARTITION BY r.resource_id ORDER BY l.line_key) = 1"
        "), host AS (SELECT estate, account, list(resource_id ORDER BY line_key) AS machines FROM alive WHERE"
        " resource_type = 'virtual_machine' GROUP BY ALL), cost AS (SELECT resource_id, sum(cost) AS cost FROM recent"
        " GROUP BY ALL)"
        " SELECT v.*, c.cost AS monthly_cost, CASE WHEN resource_type IN ('block_volume', 'ip_address') AND"
        " unit(v.line_key, 'idle') < 0.85 AND len(machines) > 0 THEN machines[1 + CAST(draw(v.line_key, 'host') %"
        " len(machines) AS INTEGER)] END AS attached_to, CASE WHEN v.story = 'gpu' THEN 'idle' WHEN v.story IS NOT NULL"
        " THEN 'busy' WHEN unit(v.line_key, 'profile') < 0.1 THEN 'idle' WHEN unit(v.line_key, 'profile') < 0.3 THEN"
        " 'oversized' WHEN unit(v.line_key, 'profile') < 0.38 THEN 'spiky' ELSE 'busy' END AS profile"
        " FROM alive v LEFT JOIN host h ON h.estate = v.estate AND h.account = v.account LEFT JOIN cost c"
        " ON c.resource_id = v.resource_id"
    )


def write_inventory(connection: duckdb.DuckDBPyConnection, plan: Plan, directory: Path) -> None:
    """`inventory`, `prices`, `commitments`, `organisation` and `source.json` of each cloud."""
    for provider in PROVIDERS:
        folder = directory / provider
        for name, select in {
            "inventory": _inventory(plan),
            "prices": _prices(plan),
            "commitments": _commitments(plan),
            "organisation": _organisation(),
        }.items():
            copy_parquet(connection, select.replace("$provider", provider), folder / f"{name}.parquet")
        regions = connection.execute(
            "SELECT DISTINCT g.region_id FROM region g JOIN estate e ON e.key = g.estate WHERE e.provider = ? ORDER BY 1",
            [provider],
        ).fetchall()
        said = {
            "principal": _PRINCIPALS[provider],
            "billing_account_ids": [e.billing_account_id for e in ESTATES if e.provider == provider],
            "regions": [row[0] for row in regions],
            "data_as_of": plan.until.isoformat().replace("+00:00", "Z"),
        }
        (folder / "source.json").write_text(json.dumps(said, indent=2), encoding="utf-8")


def copy_parquet(connection: duckdb.DuckDBPyConnection, select: str, file: Path) -> None:
    """Write one dataset."""
    file.parent.mkdir(parents=True, exist_ok=True)
    connection.execute(f"COPY ({select}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")


def _inventory(plan: Plan) -> str:
    return (
        "SELECT resource_id, resource_name, resource_type, native_type, provider, sub_account_id, region_id,"
        " CASE WHEN resource_type IN ('virtual_machine', 'block_volume') THEN CASE provider WHEN 'aws' THEN region_id ||"
        " 'a' WHEN 'gcp' THEN region_id || '-b' ELSE '1' END END AS availability_zone, CASE resource_type WHEN"
        " 'virtual_machine' THEN 'running' WHEN 'block_volume' THEN CASE WHEN attached_to IS NULL THEN 'available' ELSE"
        " 'in-use' END WHEN 'ip_address' THEN CASE WHEN attached_to IS NULL THEN 'unassociated' ELSE 'associated' END"
        " ELSE 'active' END AS state, CAST(GREATEST(born, DATE '2023-02-01' + CAST(draw(line_key, 'born') % 600 AS"
        " INTEGER)) AS TIMESTAMP) AS created_at, sku, CASE WHEN resource_type IN ('block_volume', 'snapshot',"
        " 'object_store') AND price > 0 THEN ROUND(base_usd * 30 / price) END AS size_gib, attached_to, CASE WHEN"
        " resource_type IN ('block_volume', 'ip_address') AND attached_to IS NULL THEN CAST(DATE"
        f" '{plan.last_day}' - CAST(3 + draw(line_key, 'loose') % 180 AS INTEGER) AS TIMESTAMP) END AS unattached_since,"
        " tags, CAST(monthly_cost AS DECIMAL(30,12)) AS monthly_cost, currency FROM item WHERE provider = '$provider'"
        " ORDER BY resource_type, resource_id"
    )


def _prices(plan: Plan) -> str:
    return (
        "SELECT s.sku_id, s.sku_price_id, s.provider, s.service_name, s.description AS sku_description, g.region_id,"
        " 'Standard' AS pricing_category, s.unit AS pricing_unit, CAST(ROUND(s.price * COALESCE(max(p.factor), 1), 10) AS"
        " DECIMAL(30,12)) AS list_unit_price, CAST(ROUND(list_unit_price * (1 - min(e.discount)), 10) AS DECIMAL(30,12))"
        " AS contracted_unit_price, 'USD' AS currency, CAST(COALESCE(max(p.since), DATE '2025-01-01') AS TIMESTAMP) AS"
        " effective_from FROM sku s JOIN estate e ON e.provider = s.provider JOIN region g ON g.estate = e.key LEFT JOIN"
        f" price_change p ON p.estate = e.key AND p.sku = s.sku AND p.since < DATE '{plan.last_day}' WHERE s.provider ="
        " '$provider' AND s.resource_type IS NOT NULL GROUP BY s.sku_id, s.sku_price_id, s.provider, s.service_name,"
        " s.description, g.region_id, s.unit, s.price ORDER BY s.service_name, s.sku_id, g.region_id"
    )


def _commitments(plan: Plan) -> str:
    return (
        "SELECT c.commitment_id AS commitment_discount_id, c.name AS commitment_discount_name, c.type AS"
        " commitment_discount_type, c.category AS commitment_discount_category, e.provider, e.billing_account_id,"
        ' a.sub_account_id, c.region AS region_id, CAST(c.first AS TIMESTAMP) AS "start", CAST(c.last AS TIMESTAMP) AS'
        " \"end\", CASE WHEN c.upfront = 1 THEN 'All Upfront' WHEN c.upfront > 0 THEN 'Partial Upfront' ELSE"
        " 'No Upfront' END AS payment_model, CAST(CASE WHEN c.category = 'Spend' THEN ROUND(c.daily / 24, 6) END AS"
        " DECIMAL(30,12)) AS hourly_commitment, CAST(ROUND(c.daily * (c.last - c.first) * c.upfront, 2) AS"
        f" DECIMAL(30,12)) AS upfront_cost, e.currency, CASE WHEN c.last <= DATE '{plan.last_day}' THEN 'expired' WHEN"
        f" c.first >= DATE '{plan.last_day}' THEN 'pending' ELSE 'active' END AS status, CASE WHEN c.scope IS NULL THEN"
        " 'shared' ELSE 'single sub account' END AS scope, CAST(k.used / (k.used + k.unused) AS DOUBLE) AS utilization"
        " FROM commitment c JOIN estate e ON e.key = c.estate LEFT JOIN account a ON a.estate = c.estate AND a.number ="
        " c.account AND a.valid_to IS NULL LEFT JOIN (SELECT commitment, COALESCE(sum(used), 0) AS used,"
        f" COALESCE(sum(unused), 0) AS unused FROM key_commitment WHERE day >= DATE '{plan.last_day}' - 30 GROUP BY ALL) k"
        f" ON k.commitment = c.key WHERE e.provider = '$provider' AND c.first < DATE '{plan.last_day}' ORDER BY c.key"
    )


def _organisation() -> str:
    return (
        "SELECT e.provider, e.billing_account_id, a.sub_account_id, a.name AS sub_account_name, e.sub_account_type, a.path,"
        " MAP {'team': a.team, 'environment': a.environment} AS tags, CAST(a.valid_from AS TIMESTAMP) AS valid_from,"
        " CAST(a.valid_to AS TIMESTAMP) AS valid_to FROM account a JOIN estate e ON e.key = a.estate WHERE e.provider ="
        " '$provider' ORDER BY a.sub_account_id, valid_from NULLS FIRST"
    )
