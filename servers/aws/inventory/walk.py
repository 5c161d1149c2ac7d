"""One kind of resource in one region of one account: ask, page, describe, tag, and say what was refused."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from servers.aws.errors import code_of
from servers.aws.inventory.fields import resource_of
from servers.aws.inventory.refusals import is_gone, is_lasting, told
from servers.aws.inventory.table import Step, TypeRow
from servers.aws.paging import pages
from servers.kit.live.expressions import search
from servers.kit.live.inventory.refusals import Place, Refusal
from servers.kit.live.values import tags_of, text
from shared_models.inventory import Resource

Clients = Callable[[str, str, str | None], Any]
"""(service, region, account) -> boto3 client."""

Item = dict[str, Any]
Part = TypeVar("Part")
_BATCH: Final = 100
"""Resources handed on at once."""


class Walk:
    """Walks one row of the table in one place; blocking, for a worker thread."""

    def __init__(self, row: TypeRow, place: Place, clients: Clients, refuse: Callable[[Refusal], None]) -> None:
        """`refuse` hears of everything that stays unknown; nothing is left out without it."""
        self._row = row
        self._place = place
        self._clients = clients
        self._refuse = refuse
        self._found = 0
        self._quiet: set[tuple[str, str]] = set()
        self._sweep: dict[str, dict[str, str]] | None = None

    def resources(self) -> Iterator[tuple[Resource, ...]]:
        """Resources in small parts, as the pages arrive; ends early, with a refusal, where the cloud ends it."""
        try:
            client = self._client(self._row.service)
            for items in _parts(self._items(client, self._row.steps, {}), _BATCH):
                kept = [item for item in items if self._row.where is None or search(self._row.where, item)]
                yield from self._read(client, kept)
        except Exception as error:  # noqa: BLE001 - whatever one kind meets must not end the others
            self._report(error, f"{self._row.service}:{self._row.steps[0].call}", None)

    def _items(self, client: Any, steps: Sequence[Step], parent: Item) -> Generator[Item, None, None]:
        """The items of the first step, or of the steps that follow it for each of them."""
        step, rest = steps[0], steps[1:]
        given = {name: search(path, parent) for name, path in step.each.items()}
        found = (
            {**item, "_parent": parent}
            for page in pages(client, step.call, {**step.arguments, **given}, token=step.token, after=step.after)
            for item in _as_items(search(step.items, page))
        )
        if not rest:
            yield from found
            return
        for chunk in _parts(found, rest[0].batch):
            yield from self._following(client, rest, chunk)

    def _following(self, client: Any, steps: Sequence[Step], chunk: Sequence[Item]) -> Generator[Item, None, None]:
        """What the next steps say about some items; what vanished since it was listed is no gap."""
        step = steps[0]
        many = {name: [search(path, item) for item in chunk] for name, path in step.many.items()}
        narrowed = step.model_copy(update={"arguments": {**step.arguments, **many}}) if many else step
        try:
            yield from self._items(client, (narrowed, *steps[1:]), chunk[0])
        except Exception as error:
            if is_gone(error):
                return
            if is_lasting(error):
                self._report(error, step.call, _label(chunk[0]))
                return
            raise

    def _read(self, client: Any, items: Sequence[Item]) -> Iterator[tuple[Resource, ...]]:
        said = self._swept_tags(items)
        resources = [resource for item in items if (resource := self._resource(client, item, said)) is not None]
        self._found += len(resources)
        if resources:
            yield tuple(resources)

    def _resource(self, client: Any, item: Item, swept: Mapping[str, dict[str, str]]) -> Resource | None:
        row, place = self._row, self._place.variables()
        bare = resource_of(row, item, place, {}, {})
        if bare is None:
            refusal = Refusal(
                native_type=row.native_type,
                place=self._place,
                call=row.steps[-1].call,
                code="no_identity",
                message="An item has no id.",
            )
            self._refuse(refusal)
            return None
        item = {**item, "_id": bare.resource_id}
        tags = tags_of(search(row.tags, item)) if row.tags else {}
        if row.tag_call is not None:
            tags = self._asked_tags(client, row.tag_call, item)
        elif row.tagging is not None:
            named = next((name for name in (bare.resource_id, *bare.aliases) if name in swept), None)
            tags = swept[named] if named else {}
        return resource_of(row, item, place, tags, self._asked_facts(client, item))

    def _asked_tags(self, client: Any, step: Step, item: Item) -> dict[str, str]:
        arguments = {name: search(path, item) for name, path in step.each.items()}
        tags: dict[str, str] = {}
        try:
            for page in pages(client, step.call, arguments):
                tags |= tags_of(search(step.items, page))
        except Exception as error:  # noqa: BLE001 - the resource is known, only its tags are not
            if not (code_of(error) in step.absent or is_gone(error)):
                self._report(error, step.call, None, aspect="tags")
        return tags

    def _asked_facts(self, client: Any, item: Item) -> dict[str, str]:
        facts: dict[str, str] = {}
        for also in self._row.also:
            arguments = {name: search(path, item) for name, path in also.each.items()}
            try:
                answer = next(iter(pages(client, also.call, arguments)))
            except Exception as error:  # noqa: BLE001 - the resource is known, only this fact is not
                if code_of(error) in also.absent:
                    facts |= also.absent[code_of(error)]
                elif not is_gone(error):
                    self._report(error, also.call, None, aspect="facts")
                continue
            facts |= {name: text(search(path, answer)) or "" for name, path in also.facts.items()}
        return {name: value for name, value in facts.items() if value}

    def _swept_tags(self, items: Sequence[Item]) -> dict[str, dict[str, str]]:
        """Tags of all resources of this type in this region, by ARN, once there is something to tag."""
        if self._row.tagging is None or not items:
            return {}
        if self._sweep is None:
            self._sweep = self._tag_sweep(self._row.tagging)
        return self._sweep

    def _tag_sweep(self, kind: str) -> dict[str, dict[str, str]]:
        tags: dict[str, dict[str, str]] = {}
        try:
            client = self._client("resourcegroupstaggingapi")
            for page in pages(client, "get_resources", {"ResourceTypeFilters": [kind]}):
                for found in page.get("ResourceTagMappingList", []):
                    tags[found["ResourceARN"]] = tags_of(found.get("Tags"))
        except Exception as error:  # noqa: BLE001 - the resources are known, only their tags are not
            self._report(error, "resourcegroupstaggingapi:get_resources", None, aspect="tags")
        return tags

    def _client(self, service: str) -> Any:
        return self._clients(service, self._place.region, self._place.account)

    def _report(self, error: Exception, call: str, target: str | None, *, aspect: str | None = None) -> None:
        """Tell of an error; the same one about tags or facts of many resources once."""
        refusal = Refusal.of(
            told(error, call, self._place),
            self._row.native_type,
            self._place,
            call,
            target=target,
            aspect=aspect,
            found=self._found,
        )
        if aspect is not None:
            if (refusal.code, call) in self._quiet:
                return
            self._quiet.add((refusal.code, call))
        self._refuse(refusal)


def _as_items(found: Any) -> Sequence[Item]:
    """What an expression found, as a list of items; nothing is no item."""
    if found is None:
        return ()
    return cast("Sequence[Item]", found if isinstance(found, list) else [found])


def _parts(items: Iterator[Part], size: int) -> Iterator[list[Part]]:
    """Items in parts; what came before an error comes before the error."""
    part: list[Part] = []
    try:
        for item in items:
            part.append(item)
            if len(part) >= size:
                yield part
                part = []
    except Exception:
        if part:
            yield part
        raise
    if part:
        yield part


def _label(item: Item) -> str | None:
    """What an item calls itself, for a gap about it."""
    return next((value for name, value in item.items() if name != "_parent" and isinstance(value, str)), None)
