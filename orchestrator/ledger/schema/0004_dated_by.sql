-- How a load's age is known: from the bill, from its manifest, or only from the time of its file.
ALTER TABLE load ADD COLUMN dated_by TEXT;
