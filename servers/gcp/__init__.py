"""Google Cloud: its bill formats and its server."""
