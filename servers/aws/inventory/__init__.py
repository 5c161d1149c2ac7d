"""Inventory of AWS: one table of resource types, walked over all accounts and regions."""
