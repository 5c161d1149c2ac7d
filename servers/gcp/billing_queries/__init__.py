"""Cost questions that BigQuery answers itself: an aggregating query under the purse, where nothing is mirrored."""
