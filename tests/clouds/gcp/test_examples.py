"""The official examples parse into the clients' own types, but for those whose defect is named."""

from pathlib import Path

from google.protobuf.json_format import ParseError

from tests.clouds.gcp.examples import examples

DEFECTS: dict[str, str] = {}


def test_the_official_examples_parse_or_their_defect_is_named(reference_data: Path) -> None:
    replayed, broken = list(examples(reference_data / "api-examples" / "gcp")), {}

    for example in replayed:
        try:
            lost = leaves(example.said) - leaves(example.typed(example.said))
        except (ParseError, ValueError, KeyError, TypeError) as error:
            lost = {repr(error)}
        if lost:
            broken[example.name] = lost

    assert len(replayed) >= 48
    assert broken.keys() == DEFECTS.keys(), broken


def leaves(value: object, at: str = "") -> set[str]:
    """Every member that says something, by its path; how a value is written is the client's business."""
    if isinstance(value, dict):
        return {one for key, item in value.items() for one in leaves(item, f"{at}.{key}")}
    if isinstance(value, list):
        return {one for number, item in enumerate(value) for one in leaves(item, f"{at}[{number}]")}
    return {at} if value not in (None, "", False, 0) else set()
