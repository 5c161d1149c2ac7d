"""Amazon Web Services: its bill formats and its server."""
