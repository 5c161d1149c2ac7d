"""Microsoft Azure: its bill formats and its server."""
