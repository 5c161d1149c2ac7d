"""Cost exports in blob storage: where they lie, what changed in them, and the mirror of them."""
