"""Blob storage as a store of exports, and what Azure's manifests say."""

import re
from collections.abc import Generator, Iterable, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any, Final

from pydantic import BaseModel, Field, ValidationError

from servers.azure.cost_exports.discovery import Container
from servers.azure.live import Live
from servers.kit.live.mirror.store import Delivery, StoredObject, Stream
from shared_models.errors import FinOpsError

_MONTH: Final = re.compile(r"^\d{8}-\d{8}$")
_UNAUTHORIZED: Final = 401
_ONE_TIME: Final = timedelta(minutes=10)


class _Blob(BaseModel):
    name: str = Field(alias="blobName")


class _Manifest(BaseModel):
    """The names in a manifest."""

    blobs: list[_Blob]
    run: dict[str, Any] | None = Field(default=None, alias="runInfo")


class BlobStore:
    """One place in a storage account, asked with the credentials of its tenant."""

    def __init__(self, live: Live, place: Container) -> None:
        self._live = live
        self._place = place
        self._client, self._credential = live.sessions.container(place.account, place.container, place.tenant)
        self._submissions: dict[tuple[str, str], str] = {}

    @property
    def address(self) -> str:
        """The container as an address."""
        return self._place.address

    def listed(self) -> Mapping[str, StoredObject]:
        """Every blob below the place; folders of a data lake are none.

        Raises:
            FinOpsError: Azure refuses or fails.

        """
        found = self._ask("storage.list", lambda: list(self._client.list_blobs(name_starts_with=self._place.prefix)))
        return {
            one.name: StoredObject(one.name, str(one.etag).strip('"'), int(one.size), one.last_modified)
            for one in found
            if not _is_folder(one)
        }

    def opened(self, wanted: StoredObject) -> AbstractContextManager[Stream]:
        """The bytes of exactly the listed version.

        Raises:
            SourceChangedError: the blob is no longer the one that was listed.
            FinOpsError: Azure refuses or fails.

        """
        return self._opened(wanted)

    @contextmanager
    def _opened(self, wanted: StoredObject) -> Generator[Stream, None, None]:
        unmodified = _unmodified()

        def download() -> Any:
            return self._client.download_blob(wanted.key, etag=wanted.etag, match_condition=unmodified)

        answer = self._ask("storage.read", download)
        told = answer.properties.content_settings.content_md5
        yield Stream(answer.chunks(), bytes(told).hex() if told else None)

    def deliveries(self, objects: Iterable[StoredObject]) -> tuple[Delivery, ...]:
        """The current manifest of each billing period: `<export>/<period>/<run>/manifest.json`, of runs the newest.

        Blobs are dated by the second: manifests written at nearly one time are asked when they were submitted.
        """
        runs: dict[tuple[str, str], list[StoredObject]] = {}
        for manifest in objects:
            parts = manifest.key.split("/")
            place = next((number for number, part in enumerate(parts[:-1]) if _MONTH.match(part)), None)
            if parts[-1].lower() == "manifest.json" and place is not None:
                runs.setdefault(("".join(f"{part}/" for part in parts[:place]), parts[place]), []).append(manifest)
        return tuple(
            Delivery(root, period, self._newest(manifests)) for (root, period), manifests in sorted(runs.items())
        )

    def named(self, delivery: Delivery, body: bytes) -> tuple[str, ...]:
        """The keys that a manifest names.

        Raises:
            ValueError: it cannot be read.

        """
        try:
            said = _Manifest.model_validate_json(body)
        except ValidationError as error:
            raise ValueError(delivery.manifest.key) from error
        return tuple(blob.name.lstrip("/").removeprefix(f"{self._place.container}/") for blob in said.blobs)

    def _newest(self, manifests: list[StoredObject]) -> StoredObject:
        last = max(one.modified for one in manifests)
        near = [one for one in manifests if last - one.modified <= _ONE_TIME]
        return near[0] if len(near) == 1 else max(near, key=lambda one: (self._submitted(one), one.modified, one.key))

    def _submitted(self, manifest: StoredObject) -> str:
        """When a run was submitted, as its manifest says; nothing where it cannot be read."""
        key = (manifest.key, manifest.etag)
        if key not in self._submissions:
            try:
                with self._opened(manifest) as stream:
                    said = _Manifest.model_validate_json(b"".join(stream.blocks))
                self._submissions[key] = str((said.run or {}).get("submittedTime", ""))
            except (FinOpsError, ValidationError):
                return ""
        return self._submissions[key]

    def _ask(self, call: str, ask: Any) -> Any:
        """One request; a token that is refused before its time is replaced once."""
        for last in (False, True):
            self._live.sessions.limiter("storage", self._place.tenant).wait()
            generation = self._credential.generation
            try:
                return ask()
            except Exception as error:
                if not last and getattr(error, "status_code", None) == _UNAUTHORIZED:
                    self._credential.renew(generation)
                    continue
                raise self._live.told(error, call, self.address) from error
        raise AssertionError


def _is_folder(blob: Any) -> bool:
    told: dict[str, Any] = dict(blob.metadata or {})
    return told.get("hdi_isfolder") == "true"


def _unmodified() -> Any:
    from azure.core import MatchConditions  # noqa: PLC0415 - the SDK is loaded by the first live question

    return MatchConditions.IfNotModified
