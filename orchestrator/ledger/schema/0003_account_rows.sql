-- How many of a load's rows are charges of the billing account itself: two loads that have some must not both count.
ALTER TABLE load ADD COLUMN account_rows INTEGER NOT NULL DEFAULT 0;
