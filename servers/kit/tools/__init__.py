"""The tools of a cloud server, declared once: one file each, one line in the registry."""
