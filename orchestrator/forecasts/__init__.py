"""Forecasts of the ledger's costs: the history that they rest on, the calendar, the answer."""
