"""What stayed unknown while the inventory was read, and the few gaps that say so."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, Self

from shared_models.base import WireModel
from shared_models.coverage import Gap, SourceState
from shared_models.errors import DeadlineExceededError, FinOpsError

_MANY_TYPES: Final = 5
"""From this many kinds on that one place refuses for one reason, the place is the gap and not the kinds."""
_NAMED: Final = 4
_MOST_GAPS: Final = 30


EVERY_TYPE: Final = "every type"
"""The kind of a refusal that concerns whatever the place has."""


class Place(WireModel):
    """Where a kind is looked for; `region` is where the question is asked, empty where a question is about all."""

    account: str
    region: str = ""
    partition: str = ""

    def __str__(self) -> str:
        """As an error names it."""
        return f"{self.account} in {self.region}" if self.region else self.account

    def variables(self) -> dict[str, str]:
        """What templates of ids may name."""
        return {"account": self.account, "region": self.region, "partition": self.partition}


class Refusal(WireModel):
    """One kind in one place that is not, or not wholly, known; `aspect` where only its tags or facts are missing."""

    native_type: str
    place: Place
    call: str
    code: str
    message: str
    hint: str | None = None
    target: str | None = None
    aspect: str | None = None
    found: int = 0
    state: SourceState = SourceState.ERROR

    @classmethod
    def of(
        cls,
        said: FinOpsError,
        native_type: str,
        place: Place,
        call: str,
        *,
        target: str | None = None,
        aspect: str | None = None,
        found: int = 0,
    ) -> Self:
        """What an error means for this kind in this place."""
        late = isinstance(said, DeadlineExceededError)
        partial = bool(found or target or aspect)
        state = SourceState.PARTIAL if partial else SourceState.TIMEOUT if late else SourceState.ERROR
        return cls(
            native_type=native_type,
            place=place,
            call=call,
            code=said.code,
            message=said.message,
            hint=said.hint,
            target=target,
            aspect=aspect,
            found=found,
            state=state,
        )

    @property
    def whole(self) -> bool:
        """Whether resources themselves may be missing, and not only their tags or facts."""
        return self.aspect is None


def gaps_of(refusals: Iterable[Refusal], source: str) -> tuple[Gap, ...]:
    """Few gaps for many refusals: a place that refuses many kinds is one gap, a kind refused in many places is one.

    Nothing is silent: where even these are many, the last gap counts what it does not name.
    """
    by_place: dict[tuple[str, str, str, str | None], list[Refusal]] = defaultdict(list)
    for one in refusals:
        by_place[one.place.account, one.place.region, one.code, one.aspect].append(one)
    by_account: dict[tuple[str, str, str | None], list[Refusal]] = defaultdict(list)
    by_kind: dict[tuple[str, str, str | None], list[Refusal]] = defaultdict(list)
    for (account, _, code, aspect), group in by_place.items():
        if len({one.native_type for one in group}) >= _MANY_TYPES:
            by_account[account, code, aspect].extend(group)
        else:
            for one in group:
                by_kind[one.native_type, code, aspect].append(one)
    gaps = [
        _gap(source, f"account {key[0]}", group, of_kind=False) for key, group in sorted(by_account.items(), key=str)
    ]
    gaps += [_gap(source, key[0], group, of_kind=True) for key, group in sorted(by_kind.items(), key=str)]
    if len(gaps) <= _MOST_GAPS:
        return tuple(gaps)
    rest = Gap(
        source=source,
        state=SourceState.PARTIAL,
        code="more_gaps",
        message=f"{len(gaps) - _MOST_GAPS} more groups of refusals are not named here.",
        hint="Mend what is named first, or ask for one resource_type.",
    )
    return (*gaps[:_MOST_GAPS], rest)


def _gap(source: str, subject: str, group: Sequence[Refusal], *, of_kind: bool) -> Gap:
    first = group[0]
    missing = f"the {first.aspect} of resources" if first.aspect else "resources"
    if of_kind:
        where = _some(["/".join(filter(None, (one.place.account, one.place.region))) for one in group])
        what = f"{subject}: {missing} unknown in {where}"
    else:
        regions, kinds = _some([one.place.region for one in group]), _some([one.native_type for one in group])
        what = f"{subject}{regions and ', '}{regions}: {missing} of {kinds} unknown"
    targets = _some([one.target for one in group if one.target])
    found = sum(one.found for one in group)
    kept = f"; {found} read before that are kept" if found and first.whole else ""
    about = f" ({targets})" if targets else ""
    state = SourceState.PARTIAL if any(one.state is SourceState.PARTIAL for one in group) else first.state
    return Gap(
        source=source, state=state, code=first.code, message=f"{what}{about}{kept}. {first.message}", hint=first.hint
    )


def _some(names: Iterable[str]) -> str:
    """The first few of the distinct names, and how many more there are."""
    distinct = sorted(set(names))
    more = len(distinct) - _NAMED
    return ", ".join(distinct[:_NAMED]) + (f" and {more} more" if more > 0 else "")
