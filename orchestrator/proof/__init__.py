"""Figures that can be proved again: what is kept of an answer, replay, and what changed since."""
