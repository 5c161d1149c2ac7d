-- The commitments as FOCUS 1.4 Contract Commitment: each is a contract of its own.
WITH term AS (
    SELECT c.*, e.provider, e.issuer, e.provider_name, e.currency, e.billing_account_id, a.sub_account_id
    FROM commitment c
    JOIN estate e ON e.key = c.estate
    LEFT JOIN account a ON a.estate = c.estate AND a.number = c.scope AND a.valid_to IS NULL
    WHERE e.provider = '$provider' AND c.first < DATE '$last_day'
), bound AS (
    SELECT
        *,
        list_filter([
            {'Dimension': 'BillingAccountId', 'Operator': 'In', 'Values': [billing_account_id]},
            {'Dimension': 'SubAccountId', 'Operator': 'In', 'Values': [sub_account_id]},
            {'Dimension': 'RegionId', 'Operator': 'In', 'Values': [region]}
        ], lambda rule: rule['Values'][1] IS NOT NULL) AS rules,
        CAST(ROUND((last - first) / 365.0) AS INTEGER) AS years
    FROM term
)
SELECT
    currency AS "BillingCurrency", category AS "ContractCommitmentCategory",
    CAST(daily * (last - first) AS DECIMAL(30,12)) AS "ContractCommitmentCost",
    name || ' (' || type || ')' AS "ContractCommitmentDescription", commitment_id AS "ContractCommitmentId",
    CAST(last AS TIMESTAMP) AS "ContractCommitmentPeriodEnd", CAST(first AS TIMESTAMP) AS "ContractCommitmentPeriodStart",
    CASE category WHEN 'Usage' THEN CAST((last - first) * 24 AS DECIMAL(30,12)) END AS "ContractCommitmentQuantity",
    type AS "ContractCommitmentType", CASE category WHEN 'Usage' THEN 'Hours' END AS "ContractCommitmentUnit",
    commitment_id AS "ContractId", CAST(last AS TIMESTAMP) AS "ContractPeriodEnd",
    CAST(first AS TIMESTAMP) AS "ContractPeriodStart",
    CAST(to_json({'InclusionOperator': 'And', 'Inclusions': rules}) AS VARCHAR) AS "ContractCommitmentApplicability",
    'Discount' AS "ContractCommitmentBenefitCategory", CAST(first AS TIMESTAMP) AS "ContractCommitmentCreated",
    CAST(discount AS DECIMAL(30,12)) AS "ContractCommitmentDiscountPercentage",
    years || CASE years WHEN 1 THEN ' Year' ELSE ' Years' END AS "ContractCommitmentDurationType",
    'Hourly' AS "ContractCommitmentFulfillmentInterval",
    CAST(LEAST(last, DATE '$last_day') AS TIMESTAMP) AS "ContractCommitmentLastUpdated",
    CASE WHEN last <= DATE '$last_day' THEN 'Expired' ELSE 'Active' END AS "ContractCommitmentLifecycleStatus",
    'Continuous' AS "ContractCommitmentModel", 'Public' AS "ContractCommitmentOfferCategory",
    CASE WHEN upfront = 1 THEN 'One-Time' ELSE 'Monthly' END AS "ContractCommitmentPaymentInterval",
    CASE
        WHEN upfront = 1 THEN 'All Upfront' WHEN upfront > 0 THEN 'Partial Upfront' ELSE 'No Upfront'
    END AS "ContractCommitmentPaymentModel",
    CAST(upfront AS DECIMAL(30,12)) AS "ContractCommitmentPaymentUpfrontPercentage", issuer AS "InvoiceIssuerName",
    CASE provider WHEN 'aws' THEN 'USD' ELSE currency END AS "PricingCurrency",
    CASE WHEN "PricingCurrency" = currency THEN "ContractCommitmentCost" END AS "PricingCurrencyContractCommitmentCost",
    provider_name AS "ServiceProviderName"
FROM bound
ORDER BY commitment_id
