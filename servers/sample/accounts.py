"""The account trees: sub accounts of every billing account with their team, environment and place, as of a date."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from servers.sample.estates import ESTATES, Estate
from shared_models.digest import digest_of

TEAMS: Final[dict[str, tuple[str, ...]]] = {
    "Storefront": ("checkout", "catalogue", "search", "recommendations", "mobile-app", "content"),
    "Logistics": ("routing", "warehouse", "tracking", "fleet-telemetry", "returns"),
    "Payments": ("ledger", "fraud", "payouts", "billing"),
    "Data and AI": ("lakehouse", "forecasting", "ml-platform", "experimentation", "reporting"),
    "Platform": ("network", "identity", "observability", "build", "kubernetes"),
    "Corporate": ("erp", "collaboration", "hr", "finance-systems"),
    "Labs": ("robotics", "vision"),
}
_ENVIRONMENTS: Final = ("production", "staging", "development", "sandbox")
_OWNERS: Final = (
    "Ada Brandt", "Bilal Haddad", "Chiara Ricci", "Daniel Okafor", "Élodie Marchand", "Farah Siddiqui", "Gunnar Lie",
    "Hana Kobayashi", "Ivo Petrov", "Jasper Vos", "Katarzyna Nowak", "Łukasz Zieliński", "Mireia Soler",
    "Nils Öberg", "O'Brien, Siobhán", "Priya Raman",
)  # fmt: skip
MOVED_ON: Final = date(2026, 6, 1)
"""A sub account leaves the main AWS payer for the Japanese one."""
RENAMED_ON: Final = date(2026, 4, 15)
REORGANISED_ON: Final = date(2026, 7, 1)
_MOVED: Final = 17
MOVED_NUMBER: Final = 24
"""The moved account's number in the estate that it joins."""
ROOTS: Final = {
    "aws": "Root",
    "aws-jp": "クイルヘイブン",
    "azure": "Tenant Root Group",
    "gcp": "quillhaven.example",
}
_RENAMED: Final = 12
_REORGANISED: Final = 21


@dataclass(frozen=True)
class Account:
    """One sub account of one estate from `valid_from` up to `valid_to`; `number` is its rank by spend."""

    estate: str
    number: int
    sub_account_id: str
    name: str
    division: str
    team: str
    environment: str
    owner: str
    cost_centre: str
    gl_account: str
    path: tuple[str, ...]
    valid_from: date | None = None
    valid_to: date | None = None


def accounts(seed: int) -> tuple[Account, ...]:
    """Every sub account of the four estates, one record for each time that its name or place differs."""
    plain = [_account(estate, number, seed) for estate in ESTATES for number in range(estate.accounts)]
    return tuple(version for account in plain for version in _versions(account))


def _account(estate: Estate, number: int, seed: int) -> Account:
    places = [(division, team) for division, teams in TEAMS.items() for team in teams]
    division, team = places[_draw(seed, estate.key, number, "team") % len(places)]
    environment = _ENVIRONMENTS[0 if number < 4 else _draw(seed, estate.key, number, "env") % len(_ENVIRONMENTS)]  # noqa: PLR2004
    name = f"{team}-{environment[:4].rstrip('d')}-{number:03d}"
    return Account(
        estate=estate.key,
        number=number,
        sub_account_id=_identifier(estate, name, number, seed),
        name=name,
        division=division,
        team=team,
        environment=environment,
        owner=_OWNERS[_draw(seed, estate.key, number, "owner") % len(_OWNERS)],
        cost_centre=f"CC-{4100 + 10 * list(TEAMS).index(division) + TEAMS[division].index(team)}",
        gl_account="651200" if environment == "production" else "651400",
        path=(ROOTS[estate.key], division, "Production" if environment == "production" else "Non-production"),
    )


def _versions(account: Account) -> list[Account]:
    """The account over time: some were renamed, moved to another payer, or given to another team."""
    if (account.estate, account.number) == ("aws", _MOVED):
        path = (ROOTS["aws-jp"], *account.path[1:])
        there = replace(account, estate="aws-jp", number=MOVED_NUMBER, path=path, valid_from=MOVED_ON)
        return [replace(account, valid_to=MOVED_ON), there]
    if (account.estate, account.number) == ("azure", _RENAMED):
        renamed = replace(account, name=f"{account.team}-core-{account.number:03d}", valid_from=RENAMED_ON)
        return [replace(account, valid_to=RENAMED_ON), renamed]
    if (account.estate, account.number) == ("gcp", _REORGANISED):
        place = ("Payments", "fraud")
        given = replace(
            account,
            division=place[0],
            team=place[1],
            cost_centre="CC-4121",
            path=(account.path[0], place[0], account.path[2]),
            valid_from=REORGANISED_ON,
        )
        return [replace(account, valid_to=REORGANISED_ON), given]
    return [account]


def _identifier(estate: Estate, name: str, number: int, seed: int) -> str:
    drawn = digest_of(f"{seed}|{estate.key}|{number}|id")
    if estate.provider == "aws":
        return f"{100_000_000_000 + int(drawn[:12], 16) % 900_000_000_000}"
    if estate.provider == "azure":
        return f"/subscriptions/{drawn[:8]}-{drawn[8:12]}-{drawn[12:16]}-{drawn[16:20]}-{drawn[20:32]}"
    return f"qh-{name}-{drawn[:4]}"


def _draw(seed: int, estate: str, number: int, what: str) -> int:
    return int(digest_of(f"{seed}|{estate}|{number}|{what}", 8), 16)
