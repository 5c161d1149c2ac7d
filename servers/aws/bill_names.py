"""How a bill names what an ARN names: some services' bare ids, the ARN of all others."""

import re
from typing import Final

_BARE: Final = re.compile(r"^arn:[^:]*:(?:ec2:[^:]*:[^:]*:(?:instance|volume)/|s3:::)(?P<id>[^/]+)$")


def bill_id(arn: str) -> str:
    """The ResourceId by which the bill names the resource of an ARN; what is no ARN stays as it is."""
    found = _BARE.match(arn)
    return found["id"] if found else arn


def bare_id(name: str) -> str:
    """The last part of an ARN or an id, by which two sources that name one resource differently agree."""
    return re.split(r"[:/]", name)[-1]
