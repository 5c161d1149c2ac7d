"""Cloud Billing's exports in BigQuery: which there are, what changed in them, and a local mirror of them."""
