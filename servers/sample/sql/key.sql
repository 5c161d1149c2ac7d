-- The answer key's tables, which every month adds to.
CREATE TABLE key_cube (
    provider VARCHAR, billing_account_id VARCHAR, currency VARCHAR, billing_month DATE, charge_month DATE,
    sub_account_id VARCHAR, service_name VARCHAR, service_category VARCHAR, region_id VARCHAR, charge_category VARCHAR,
    charge_class VARCHAR, tagged BOOLEAN, kind VARCHAR, rows BIGINT, billed_cost DECIMAL(38,12),
    effective_cost DECIMAL(38,12), list_cost DECIMAL(38,12), contracted_cost DECIMAL(38,12)
);
CREATE TABLE key_day (
    provider VARCHAR, currency VARCHAR, day DATE, service_name VARCHAR, rows BIGINT, billed_cost DECIMAL(38,12),
    effective_cost DECIMAL(38,12), list_cost DECIMAL(38,12), contracted_cost DECIMAL(38,12)
);
CREATE TABLE key_resource (
    provider VARCHAR, charge_month DATE, currency VARCHAR, resource_id VARCHAR, resource_name VARCHAR,
    effective_cost DECIMAL(38,12)
);
CREATE TABLE key_extra (story VARCHAR, day DATE, extra_cost DECIMAL(38,12));
CREATE TABLE key_commitment (
    commitment VARCHAR, day DATE, billed DECIMAL(38,12), used DECIMAL(38,12), unused DECIMAL(38,12)
);
CREATE TABLE key_split (
    resource_id VARCHAR, charge_month DATE, counted BOOLEAN, namespace VARCHAR, rows BIGINT,
    billed_cost DECIMAL(38,12), effective_cost DECIMAL(38,12)
);
CREATE TABLE recent (resource_id VARCHAR, currency VARCHAR, cost DECIMAL(38,12));
CREATE TABLE key_coverage (
    provider VARCHAR, currency VARCHAR, billing_month DATE, eligible VARCHAR, covered DECIMAL(38,12),
    uncovered DECIMAL(38,12)
);
