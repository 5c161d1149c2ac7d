"""The test's own certificate authority: a file that clients verify with, and what the server shows."""

import ssl
from pathlib import Path

import trustme


class Certificate:
    """An authority whose certificate lies at `authority`, and a server certificate of it for the loopback."""

    def __init__(self, folder: Path) -> None:
        issuer = trustme.CA()
        self._server = issuer.issue_cert("127.0.0.1", "localhost")
        folder.mkdir(parents=True, exist_ok=True)
        self.authority = str(folder / "authority.pem")
        issuer.cert_pem.write_to_path(self.authority)

    def serve(self, context: ssl.SSLContext) -> None:
        """Make a server's context show the certificate."""
        self._server.configure_cert(context)
