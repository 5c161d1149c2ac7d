"""Links that Azure's answers hold: followed only to the host that they must lead to, since we sign in there."""

from typing import Final
from urllib.parse import urlsplit

from shared_models.errors import UpstreamUnavailableError

_HINT: Final = "Nothing was sent there. A proxy that rewrites answers, or a forged answer, may be the cause."


def require_host(link: str, ours: str, call: str) -> None:
    """Nothing, if a link leads to the same scheme, host and port as an address of ours.

    Raises:
        UpstreamUnavailableError: it does not.

    """
    told, own = urlsplit(link), urlsplit(ours)
    if (told.scheme, told.netloc.lower()) != (own.scheme, own.netloc.lower()):
        raise UpstreamUnavailableError(f"{call} answered a link to a foreign host.", hint=_HINT)
