"""The ports served from exported data: a folder with one cloud's bills and datasets."""
