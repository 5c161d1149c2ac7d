"""Is it FOCUS: a bill's rows against what the specification asks of each column."""
