"""Who sends a bill: the known clouds by the names that they use for themselves."""

from typing import Final

from shared_models.quoting import literal

CLOUD_NAMES: Final = {
    "aws": ("aws%", "amazon%"),
    "azure": ("microsoft%", "azure%"),
    "gcp": ("google%", "gcp%"),
    "oci": ("oracle%", "oci%"),
    "alibaba": ("alibaba%",),
}
"""Slug -> patterns for a provider's name in lower case."""


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
