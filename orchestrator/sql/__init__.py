"""The agent's SQL: checked by a guard, run in a confined process of its own."""
