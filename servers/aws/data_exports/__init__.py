"""Data Exports in S3: which there are, what changed in them, and a verified local mirror of it."""
