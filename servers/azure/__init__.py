"""Microsoft Azure: its bill formats, its live half and its server."""
