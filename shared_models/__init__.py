"""Data that every process agrees on: models, vocabularies, errors. Imports nothing of ours."""
