-- A slot's resource is replaced when its life ends: resources are born and die all the time.
CREATE TABLE resource AS
WITH span AS (
    SELECT
        *,
        unnest(range(
            (DATE '$first' - DATE '2000-01-01' + phase) // life, (DATE '$last' - DATE '2000-01-01' + phase) // life + 1
        )) AS gen
    FROM line
), home AS (
    SELECT * FROM account QUALIFY row_number() OVER (PARTITION BY estate, number ORDER BY valid_from DESC NULLS LAST) = 1
), named AS (
    SELECT
        l.*, h.name AS home_name, h.sub_account_id AS home_id, h.team, h.environment, h.cost_centre,
        md5(concat_ws('|', line_key, gen, 'resource')) AS digest,
        COALESCE(fixed_name, h.team || '-' || replace(lower(l.sku), '.', '-') || '-' || digest[1:6]) AS name
    FROM span l
    JOIN home h ON h.estate = l.estate AND h.number = l.account
)
SELECT
    r.line_key, r.gen,
    CASE WHEN s.id_template IS NOT NULL THEN $resource_id END AS resource_id,
    CASE WHEN s.id_template IS NOT NULL THEN r.name END AS resource_name,
    s.native_type, s.resource_type, 'rg-' || r.home_name AS resource_group, r.estate, r.region_id, r.account,
    $tags AS tags,
    CASE WHEN unit(r.line_key, 'retag') < 0.06 THEN $tags_after ELSE tags END AS tags_after
FROM named r
JOIN estate e ON e.key = r.estate
JOIN sku s ON s.provider = e.provider AND s.sku = r.sku
ORDER BY r.line_key, r.gen;
