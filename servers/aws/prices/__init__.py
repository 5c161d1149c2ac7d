"""Prices of AWS: the list by query and by bulk file, spot history, savings plan rates."""
