"""SQL that makes the organisation's tree and the export tables out of the sample's files."""

from typing import Final

_EXACT: Final = "CAST(CAST({} AS VARCHAR) AS DECIMAL(38,9))"
_NUMBER: Final = "CAST(md5_number_lower({}) % 1000000000000 AS VARCHAR)"

TREE: Final = (
    """
CREATE TABLE service AS SELECT DISTINCT service_code AS id, service_name AS name FROM read_csv('$catalogue')
WHERE service_code <> 'tax'
""",
    f"""
CREATE TABLE folder AS
WITH step AS (
    SELECT DISTINCT p.path[2:n] AS path FROM '$folder/organisation.parquet' p, range(2, 10) AS r(n)
    WHERE p.valid_to IS NULL AND n <= len(p.path)
)
SELECT {_NUMBER.format("array_to_string(path, '/')")} AS id, path[-1] AS name, path,
    CASE WHEN len(path) = 1 THEN 'organizations/$organisation'
        ELSE 'folders/' || {_NUMBER.format("array_to_string(path[:-2], '/')")} END AS parent
FROM step
""",
    f"""
CREATE TABLE project AS
WITH known AS (
    SELECT sub_account_id AS id, sub_account_name AS name, path, tags FROM '$folder/organisation.parquet'
    WHERE valid_to IS NULL
    UNION ALL BY NAME
    SELECT '$host' AS id, '$host' AS name, [any_value(path[1])] AS path, MAP {{'team': 'finops'}} AS tags
    FROM '$folder/organisation.parquet' HAVING NOT list_contains(list(sub_account_id), '$host')
)
SELECT id, name, path[1] AS organisation, tags AS labels, {_NUMBER.format("id")} AS number, path,
    CASE WHEN len(path) = 1 THEN 'organizations/$organisation'
        ELSE 'folders/' || {_NUMBER.format("array_to_string(path[2:], '/')")} END AS parent,
    CASE WHEN len(path) > 1 AND path[2] = '$second_folder' THEN '$second' ELSE '$main' END AS billing_account,
    list_transform(range(len(path), 1, -1), lambda n: {{
        'resource_name': 'folders/' || {_NUMBER.format("array_to_string(path[2:n], '/')")}, 'display_name': path[n]
    }}) AS folders
FROM known
""",
)
"""Tables `service`, `folder` and `project`; a folder's number is drawn from its whole path."""

_ANCESTORS: Final = (
    "list_concat([{'resource_name': 'projects/' || p.number, 'display_name': p.name}], list_concat(p.folders,"
    " [{'resource_name': 'organizations/$organisation', 'display_name': p.organisation}]))"
)
_ANCESTRY: Final = (
    "'/$organisation/' || COALESCE(array_to_string(list_transform(list_reverse(p.folders),"
    " lambda f: replace(f.resource_name, 'folders/', '')), '/') || '/', '')"
)
_GROUPED: Final = (
    "billing_account_id, service, sku, usage_start_time, usage_end_time, project, labels, system_labels, location, tags,"
    " transaction_type, seller_name, currency, currency_conversion_rate, invoice, cost_type, adjustment_info,"
    " subscription, consumption_model, _PARTITIONTIME"
)
_UNIT: Final = (
    "CASE pricing_unit WHEN 'hour' THEN 'h' WHEN 'gibibyte month' THEN 'GiBy.mo' WHEN 'gibibyte' THEN 'GiBy'"
    " WHEN 'tebibyte' THEN 'TiBy' ELSE pricing_unit END"
)
_FREE: Final = "CASE sku_description WHEN 'CPU allocation time' THEN 180000 WHEN 'Log storage cost' THEN 50 ELSE 0 END"
"""The free units of the SKUs of which the first ones cost nothing, as catalog.py has them."""
_ONE: Final = (
    "{{'pricing_unit_quantity': CAST(1 AS DECIMAL(38,9)), 'start_usage_amount': CAST({1} AS DECIMAL(38,9)), 'usd_amount':"
    " CAST({0} AS DECIMAL(38,9)), 'account_currency_amount': CAST({0} AS DECIMAL(38,9))}}"
)
_TIER: Final = (
    f"CASE WHEN {_FREE} = 0 THEN [{_ONE.format('{0}', '0')}]"
    f" ELSE [{_ONE.format('0', '0')}, {_ONE.format('{0}', _FREE)}] END"
)

STANDARD: Final = f"""
CREATE TABLE standard AS
WITH credited AS (
    SELECT {_GROUPED}, CAST(sum({_EXACT.format("cost")}) AS DOUBLE) AS cost,
        CAST(sum({_EXACT.format("cost_at_list")}) AS DOUBLE) AS cost_at_list, max(export_time) AS export_time,
        struct_pack(amount := sum(usage.amount), unit := any_value(usage.unit),
            amount_in_pricing_units := sum(usage.amount_in_pricing_units), pricing_unit := any_value(usage.pricing_unit)
        ) AS "usage",
        flatten(list(credits)) AS loose
    FROM detailed GROUP BY ALL
)
SELECT * EXCLUDE (loose), list_transform(list_distinct(list_transform(loose, lambda c: c.id || '/' || c.type)),
    lambda k: struct_pack(
        "name" := list_filter(loose, lambda c: c.id || '/' || c.type = k)[1].name,
        amount := CAST(list_sum(list_transform(list_filter(loose, lambda c: c.id || '/' || c.type = k),
            lambda c: {_EXACT.format("c.amount")})) AS DOUBLE),
        full_name := list_filter(loose, lambda c: c.id || '/' || c.type = k)[1].full_name,
        id := list_filter(loose, lambda c: c.id || '/' || c.type = k)[1].id,
        "type" := list_filter(loose, lambda c: c.id || '/' || c.type = k)[1].type
    )) AS credits
FROM credited
"""
"""The standard export: the detailed one added up over resources, their credits merged by id and type."""

TABLES: Final = (
    f"""
CREATE TABLE detailed AS
SELECT d.* REPLACE (
        COALESCE(p.billing_account, '$main') AS billing_account_id,
        CASE WHEN p.id IS NULL THEN d.project ELSE struct_pack(
            id := d.project.id, "number" := p.number, "name" := d.project.name, labels := d.project.labels,
            ancestry_numbers := {_ANCESTRY}, ancestors := {_ANCESTORS}
        ) END AS project
    ),
    date_trunc('day', d.export_time) AS _PARTITIONTIME
FROM read_parquet('$folder/costs/gcp_billing_export_resource_v1_*/*.parquet') d
LEFT JOIN project p ON p.id = d.project.id
""",
    STANDARD,
    """
CREATE TABLE focus AS
SELECT f.* REPLACE (
        COALESCE(p.billing_account, '$main') AS BillingAccountId,
        f.BillingPeriodStart AT TIME ZONE 'UTC' AS BillingPeriodStart,
        f.BillingPeriodEnd AT TIME ZONE 'UTC' AS BillingPeriodEnd,
        f.ChargePeriodStart AT TIME ZONE 'UTC' AS ChargePeriodStart,
        f.ChargePeriodEnd AT TIME ZONE 'UTC' AS ChargePeriodEnd,
        CASE WHEN p.billing_account = '$second' THEN 'Quillhaven Payments' ELSE f.BillingAccountName END
            AS BillingAccountName
    ), date_trunc('day', (f.ChargePeriodEnd + INTERVAL 9 HOUR) AT TIME ZONE 'UTC') AS _PARTITIONTIME
FROM read_parquet('$folder/costs/gcp_billing_export_focus_*/*.parquet') f
LEFT JOIN project p ON p.id = f.SubAccountId
""",
    f"""
CREATE TABLE pricing AS
SELECT TIMESTAMPTZ '$now' AS export_time, TIMESTAMPTZ '$now' AS pricing_as_of_time, '$main' AS billing_account_id,
    'GCP' AS business_entity_name,
    {{'id': s.id, 'description': service_name}} AS service,
    {{'id': sku_id, 'description': sku_description, 'destination_migration_mappings': CAST([] AS VARCHAR[])}} AS sku,
    ['GCP', service_name] AS product_taxonomy,
    {{'type': CASE WHEN region_id IS NULL THEN 'GLOBAL' ELSE 'REGIONAL' END, 'regions': [region_id]}} AS geo_taxonomy,
    {_UNIT} AS pricing_unit, pricing_unit AS pricing_unit_description, currency AS account_currency_code,
    CAST(1 AS DOUBLE) AS currency_conversion_rate,
    {{'effective_start_time': effective_from AT TIME ZONE 'UTC', 'aggregation_info': {{'aggregation_level': 'ACCOUNT',
        'aggregation_interval': 'MONTHLY'}}, 'tiered_rates': {_TIER.replace("{0}", "list_unit_price")}}} AS list_price,
    {{'effective_start_time': effective_from AT TIME ZONE 'UTC', 'price_reason': [{{'type': 'FIXED_DISCOUNT',
        'fixed_discount': CAST(round(1 - contracted_unit_price / nullif(list_unit_price, 0), 6) AS DECIMAL(38,9))}}],
        'tiered_rates': {_TIER.replace("{0}", "contracted_unit_price")}}} AS billing_account_price,
    date_trunc('day', TIMESTAMPTZ '$now') AS _PARTITIONTIME
FROM price JOIN service s ON s.name = service_name
""",
    """
CREATE TABLE cud AS
SELECT billing_account_id,
    {'id': md5(commitment_discount_type), 'display_name': commitment_discount_type, 'type': 'Spend-Based'} AS cud_product,
    {'id': '7754-699E-0EBF', 'description': 'Committed use'} AS consumption_model,
    {'entitlement_scope': 'billingAccounts/' || billing_account_id, 'instance_id': commitment_discount_id,
        'display_name': commitment_discount_name} AS subscription,
    region_id AS region, {'unit': 'USD', 'amount': CAST(hourly_commitment AS DECIMAL(38,9))} AS commitment_amount,
    "start" AT TIME ZONE 'UTC' AS start_time, "end" AT TIME ZONE 'UTC' AS end_time,
    CASE status WHEN 'active' THEN 'Active' ELSE 'Expired' END AS state, TIMESTAMPTZ '$now' AS export_time,
    date_trunc('day', TIMESTAMPTZ '$now') AS _PARTITIONTIME
FROM commitment WHERE commitment_discount_category = 'Spend'
""",
)
"""The five export tables."""
