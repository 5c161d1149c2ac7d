"""Any bill that a cloud or a vendor exports, converted to FOCUS 1.4 Parquet with an exact account of every row."""
