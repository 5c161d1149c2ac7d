"""Every page of one operation, whichever way it pages: by its paginator, by a token, by the last key, or not at all."""

from collections.abc import Iterator, Mapping
from typing import Any

import jmespath

from shared_models.errors import UpstreamUnavailableError


def pages(
    client: Any,
    call: str,
    arguments: Mapping[str, Any],
    *,
    token: tuple[str, str] | None = None,
    after: tuple[str, str, str] | None = None,
) -> Iterator[Mapping[str, Any]]:
    """The answers of an operation, page by page; blocking.

    `token` names the request's and the answer's token, `after` the request's start, the answer's last key and the
    answer's word for more; both are for operations that the SDK cannot page by itself.

    Raises:
        UpstreamUnavailableError: the cloud sends the same token again, so that paging would never end.
        botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: as the SDK says it.

    """
    if client.can_paginate(call):
        yield from client.get_paginator(call).paginate(**arguments)
        return
    ask = getattr(client, call)
    start: str | None = None
    name = token[0] if token else after[0] if after else ""
    while True:
        page = ask(**arguments, **({name: start} if start else {}))
        yield page
        following = _following(page, token, after)
        if following is None:
            return
        if following == start:
            raise UpstreamUnavailableError(
                f"{call} answered the same page token twice.", hint="Try again later; what was read so far is kept."
            )
        start = following


def _following(
    page: Mapping[str, Any], token: tuple[str, str] | None, after: tuple[str, str, str] | None
) -> str | None:
    if token is not None:
        return page.get(token[1]) or None
    if after is not None and page.get(after[2]):
        return jmespath.search(after[1], page)
    return None
