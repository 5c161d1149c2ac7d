"""Is it FOCUS: a bill's rows against the normative rules of a FOCUS version, interpreted in SQL."""
