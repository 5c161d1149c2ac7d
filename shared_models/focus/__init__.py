"""The four FOCUS 1.4 datasets as data: columns, types, nullability, conditions, closed vocabularies."""
