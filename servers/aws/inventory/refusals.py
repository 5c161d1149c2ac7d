"""What an error of AWS's SDK means while the inventory and its kin are read."""

from servers.aws.errors import code_of, translated
from servers.kit.live.inventory.refusals import Place
from shared_models.errors import AccessError, FinOpsError, InvalidArgumentError


def told(error: Exception, call: str, place: Place) -> FinOpsError:
    """The error of a call in a place, that a reader can act on."""
    return translated(error, call, on=str(place))


def is_gone(error: Exception) -> bool:
    """Whether the error says that what was listed a moment ago is no more."""
    code = code_of(error)
    return "NotFound" in code or code.startswith("NoSuch") or code.endswith("NonExistentQueue")


def is_lasting(error: Exception) -> bool:
    """Whether the error is about this one resource, so that asking for the next one makes sense."""
    return isinstance(translated(error, "", on=""), (AccessError, InvalidArgumentError)) and "xpired" not in code_of(
        error
    )
