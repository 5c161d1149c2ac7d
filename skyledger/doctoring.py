"""`skyledger doctor <cloud>`: who we are there, what we reach, what is missing, and the documents that set it up."""

from typing import Any, Final

import anyio
from mcp import Client

from servers.kit.live.setup import LiveSetup, Wanted
from shared_models.errors import InvalidArgumentError, near_matches
from shared_models.server_card import ServerCard
from skyledger.clouds import build_cloud, live_setup, server_settings

_MOST_LINES: Final = 24


def doctor_cloud(cloud: str) -> int:
    """What a cloud lets us do, one line each; 1 when something needs attention.

    Raises:
        InvalidArgumentError: the cloud is not asked live, or a setting of it cannot be used.

    """
    setup = _setup(cloud)
    lines = [(setup.on, f"{setup.switch} is on" if setup.on else f"live questions are off: set {setup.switch}=on")]
    lines += [(True, said) for said in setup.said] + [(False, wrong) for wrong in setup.wrong]
    if setup.on and not setup.wrong:
        lines += _lines(anyio.run(_card, cloud))
    for good, text in lines[:_MOST_LINES]:
        print(("ok    " if good else "CHECK ") + text)
    if len(lines) > _MOST_LINES:
        print(f"CHECK {len(lines) - _MOST_LINES} more lines; {cloud}_describe_server has them all")
    print(f"\nWhat sets it up: skyledger doctor {cloud} --print {'|'.join(setup.documents)}")
    return 0 if all(good for good, _ in lines) else 1


def print_document(cloud: str, name: str, storage: str | None, principal: str | None) -> int:
    """Print a document that sets the cloud up, and nothing else; who reads is asked of the cloud where nobody says it.

    Raises:
        InvalidArgumentError: there is no such document.

    """
    setup = _setup(cloud)
    if name not in setup.documents:
        near = near_matches(name, setup.documents) or list(setup.documents)
        raise InvalidArgumentError("--print", f"There is no document {name!r}.", hint=f"Of {', '.join(near)}.")
    card = anyio.run(_card, cloud) if setup.on and not setup.wrong else None
    who = principal or (card.identity if card else None)
    print(setup.documents[name](Wanted(storage, who, card.access.partition if card else None)))
    return 0


def _setup(cloud: str) -> LiveSetup:
    setup = live_setup(cloud)
    if setup is None:
        raise InvalidArgumentError("cloud", f"{cloud} is not asked live.", hint="`skyledger doctor` alone checks it.")
    return setup


async def _card(cloud: str) -> ServerCard:
    async with Client(build_cloud(cloud, server_settings(cloud, None)), read_timeout_seconds=300) as client:
        answer: Any = await client.call_tool(f"{cloud}_describe_server", {})
    return ServerCard.model_validate(answer.structured_content)


def _lines(card: ServerCard) -> list[tuple[bool, str]]:
    access = card.access
    lines = [(card.identity is not None, f"we are {card.identity or 'nobody: no usable credentials'}")]
    lines.append((True, f"bills of {', '.join(card.billing_account_ids) or 'no account'}"))
    if access.accounts_reached is not None:
        lines.append((True, f"{access.accounts_reached} accounts reached"))
    lines += [
        (
            purse.note is None,
            f"purse {purse.name}: {purse.left} of {purse.limit} {purse.unit} left. {purse.note or ''}".strip(),
        )
        for purse in card.purses
    ]
    lines += [
        (False, f"{missing.permission} is missing on {missing.on}: {', '.join(missing.tools) or 'some tool'} needs it")
        for missing in access.missing_permissions
    ]
    lines += [(False, f"{gap.message} {gap.hint or ''}".strip()) for gap in access.accounts_refused]
    return lines
