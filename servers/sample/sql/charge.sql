-- One month's bill of one estate, narrow: descriptions come from the dimension tables.
CREATE OR REPLACE TEMP TABLE charge (
    estate VARCHAR, origin VARCHAR, line_key BIGINT, gen BIGINT, sku VARCHAR, account INTEGER, region_id VARCHAR,
    day DATE, start_at TIMESTAMP, end_at TIMESTAMP, billing_month DATE,
    quantity DECIMAL(19,6), list_price DECIMAL(18,10), contracted_price DECIMAL(18,10),
    list_cost DECIMAL(30,12), contracted_cost DECIMAL(30,12), billed_cost DECIMAL(30,12), effective_cost DECIMAL(30,12),
    category VARCHAR, class VARCHAR, frequency VARCHAR, pricing_category VARCHAR, description VARCHAR,
    eligible VARCHAR, commitment VARCHAR, commitment_status VARCHAR, reservation VARCHAR, reservation_status VARCHAR, credit_type VARCHAR,
    allocated_method VARCHAR, allocated_id VARCHAR, allocated_name VARCHAR, allocated_tags MAP(VARCHAR, VARCHAR),
    counted BOOLEAN DEFAULT true
);
