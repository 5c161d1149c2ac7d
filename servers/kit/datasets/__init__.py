"""Datasets beside the bills, in bulk: FOCUS files, a port's pages and the bills' conformance as Parquet parts."""
