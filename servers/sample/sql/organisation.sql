SELECT
    e.provider, e.billing_account_id, a.sub_account_id, a.name AS sub_account_name, e.sub_account_type, a.path,
    MAP {'team': a.team, 'environment': a.environment} AS tags,
    CAST(a.valid_from AS TIMESTAMP) AS valid_from, CAST(a.valid_to AS TIMESTAMP) AS valid_to
FROM account a
JOIN estate e ON e.key = a.estate
WHERE e.provider = '$provider'
ORDER BY a.sub_account_id, valid_from NULLS FIRST
