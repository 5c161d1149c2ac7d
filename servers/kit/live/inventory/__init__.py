"""The inventory of a live cloud: what was refused, what is kept, the port over both."""
