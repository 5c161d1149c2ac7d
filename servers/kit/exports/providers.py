"""Who sends a bill: the known clouds by the names that they use for themselves."""

from collections.abc import Mapping, Sequence
from typing import Final

import duckdb

from servers.kit.exports.sql import as_identity
from shared_models.export import SourceFormat
from shared_models.quoting import literal, quoted

CLOUD_NAMES: Final = {
    "aws": ("aws%", "amazon%"),
    "azure": ("microsoft%", "azure%"),
    "gcp": ("google%", "gcp%"),
    "oci": ("oracle%", "oci%"),
    "alibaba": ("alibaba%",),
}
"""Slug -> patterns for a provider's name in lower case."""

_MARKETPLACES_SINCE: Final = frozenset({SourceFormat.FOCUS_1_3, SourceFormat.FOCUS_1_4})
"""Up to 1.2 ProviderName is the cloud even where a marketplace's vendor sells; since 1.3 it is the vendor."""


def cloud_of(expression: str) -> str:
    """SQL: the slug of the known cloud that a provider's name means, else null."""
    cases = [
        f"WHEN lower(CAST({expression} AS VARCHAR)) LIKE {literal(pattern)} THEN {literal(slug)}"
        for slug, patterns in CLOUD_NAMES.items()
        for pattern in patterns
    ]
    return f"CASE {' '.join(cases)} END"


def slug_of(expression: str) -> str:
    """SQL: any provider's name as a slug: lower case, letters, digits and dashes."""
    return f"trim(regexp_replace(lower(CAST({expression} AS VARCHAR)), '[^a-z0-9]+', '-', 'g'), '-')"


def account_of(expression: str, kind: str, parties: Sequence[str]) -> str:
    """SQL: an account's id in one spelling; where one of the parties (SQL) is Azure, ids do not heed case."""
    own = as_identity(expression, kind)
    return f"CASE WHEN {of_azure(parties)} AND NOT starts_with({own}, '/') THEN lower({own}) ELSE {own} END"


def is_azure(name: str) -> bool:
    """Whether a provider's name is one of Azure's."""
    return name.lower().startswith(tuple(pattern.rstrip("%") for pattern in CLOUD_NAMES["azure"]))


def of_azure(parties: Sequence[str]) -> str:
    """SQL: whether one of the parties (SQL) is Azure."""
    sides = [f"COALESCE({cloud_of(party)} = 'azure', false)" for party in parties]
    return f"({' OR '.join(sides) or 'false'})"


def sides_of(kinds: Mapping[str, str]) -> tuple[str, str]:
    """SQL over `prepared`: who sells a row, and who invoices it."""
    seller, issuer = (
        quoted(name) if name in kinds else "CAST(NULL AS VARCHAR)"
        for name in ("ServiceProviderName", "InvoiceIssuerName")
    )
    return seller, issuer


def parties_of(seller: str, issuer: str) -> str:
    """SQL: both sides of a row as one text."""
    return f"concat_ws(chr(31), COALESCE({seller}, ''), COALESCE({issuer}, ''))"


def file_under_providers(
    connection: duckdb.DuckDBPyConnection, source_format: SourceFormat, native: str | None, given: str | None
) -> None:
    """Table `filed`: the groups of `survey` that are kept, with the first of these providers that is known.

    The source format's own cloud; the known cloud that the row names (since FOCUS 1.3 its invoice's before its
    seller's, who may be a vendor on a marketplace); the only cloud of its billing account; what was said; the seller's
    own name; the account's usual seller. `several` says that a billing account has more than one.
    """
    vendors = source_format in _MARKETPLACES_SINCE
    names = ("issuer", "seller") if vendors else ("seller",)
    clouds = ", ".join([literal(native) if native else "NULL", *map(cloud_of, names)])
    only = "CASE WHEN count(DISTINCT cloud) OVER account = 1 THEN max(cloud) OVER account END"
    if not vendors:
        only = f"CASE WHEN slug IS NULL THEN {only} END"
    said = f"CAST({literal(given) if given else 'NULL'} AS VARCHAR)"
    connection.execute(
        f"CREATE TEMP TABLE filed AS WITH named AS (SELECT *, COALESCE({clouds}) AS cloud,"
        f" NULLIF({slug_of('seller')}, '') AS slug, {parties_of('seller', 'issuer')} AS parties"
        f" FROM survey WHERE NOT rejected), known AS (SELECT *, COALESCE(cloud, {only}, {said}, slug,"
        " arg_max(slug, lines) OVER account, 'unknown') AS provider FROM named"
        " WINDOW account AS (PARTITION BY BillingAccountId))"
        " SELECT *, min(provider) OVER account <> max(provider) OVER account AS several FROM known"
        " WINDOW account AS (PARTITION BY BillingAccountId)"
    )
