"""What AWS answers when it refuses: one reason, and the code and status that each family of services words it with."""

from dataclasses import dataclass
from typing import Final


@dataclass
class AwsError(Exception):
    """An error that the service itself documents: `code` and `status` go over the wire as they are."""

    code: str
    message: str
    status: int = 400

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


WORDS: Final[dict[str, dict[str, tuple[str, int]]]] = {
    "access_denied": {
        "": ("AccessDeniedException", 400),
        "query": ("AccessDenied", 403),
        "ec2": ("UnauthorizedOperation", 403),
        "s3": ("AccessDenied", 403),
        "rest-json": ("AccessDeniedException", 403),
    },
    "missing_signature": {
        "": ("MissingAuthenticationTokenException", 403),
        "query": ("MissingAuthenticationToken", 403),
        "ec2": ("MissingAuthenticationToken", 403),
        "s3": ("AccessDenied", 403),
    },
    "unknown_key": {
        "": ("UnrecognizedClientException", 400),
        "query": ("InvalidClientTokenId", 403),
        "ec2": ("AuthFailure", 401),
        "s3": ("InvalidAccessKeyId", 403),
        "rest-json": ("UnrecognizedClientException", 403),
    },
    "wrong_signature": {
        "": ("InvalidSignatureException", 400),
        "query": ("SignatureDoesNotMatch", 403),
        "ec2": ("AuthFailure", 401),
        "s3": ("SignatureDoesNotMatch", 403),
        "rest-json": ("InvalidSignatureException", 403),
    },
    "clock_skew": {
        "": ("InvalidSignatureException", 400),
        "query": ("SignatureDoesNotMatch", 403),
        "ec2": ("RequestExpired", 400),
        "s3": ("RequestTimeTooSkewed", 403),
        "rest-json": ("InvalidSignatureException", 403),
    },
    "expired_token": {
        "": ("ExpiredTokenException", 400),
        "query": ("ExpiredToken", 403),
        "ec2": ("RequestExpired", 400),
        "s3": ("ExpiredToken", 400),
        "rest-json": ("ExpiredTokenException", 403),
    },
    "throttled": {
        "": ("ThrottlingException", 400),
        "query": ("Throttling", 400),
        "ec2": ("RequestLimitExceeded", 503),
        "s3": ("SlowDown", 503),
        "ce": ("LimitExceededException", 400),
        "organizations": ("TooManyRequestsException", 400),
        "rest-json": ("ThrottlingException", 429),
    },
    "region_disabled": {
        "": ("UnrecognizedClientException", 400),
        "query": ("InvalidClientTokenId", 403),
        "ec2": ("OptInRequired", 401),
        "s3": ("InvalidAccessKeyId", 403),
    },
    "internal": {
        "": ("InternalServerException", 500),
        "query": ("InternalFailure", 500),
        "ec2": ("InternalError", 500),
        "s3": ("InternalError", 500),
    },
    "unavailable": {
        "": ("ServiceUnavailableException", 503),
        "query": ("ServiceUnavailable", 503),
        "ec2": ("Unavailable", 503),
        "s3": ("ServiceUnavailable", 503),
    },
}
"""Reason -> service or protocol -> (code, status); "" is what JSON services say."""

_MESSAGES: Final = {
    "missing_signature": "Request is missing Authentication Token",
    "unknown_key": "The security token included in the request is invalid.",
    "wrong_signature": "The request signature we calculated does not match the signature you provided. Check your AWS"
    " Secret Access Key and signing method.",
    "clock_skew": "Signature expired: the difference between the request time and the current time is too large.",
    "expired_token": "The security token included in the request is expired",
    "throttled": "Rate exceeded",
    "region_disabled": "You are not subscribed to this service. The region is not enabled for this account.",
    "internal": "An internal error occurred.",
    "unavailable": "The service is temporarily unavailable.",
}


def refusal(reason: str, service: str, protocol: str, message: str | None = None) -> AwsError:
    """The error by which this service says the reason."""
    words = WORDS[reason]
    code, status = words.get(service) or words.get(protocol) or words[""]
    return AwsError(code, message or _MESSAGES.get(reason, reason), status)


def validation(message: str) -> AwsError:
    """What JSON services answer to arguments that break a documented rule."""
    return AwsError("ValidationException", message)
