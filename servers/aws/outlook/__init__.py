"""What AWS expects and notices by itself: budgets, anomalies, forecasts."""
