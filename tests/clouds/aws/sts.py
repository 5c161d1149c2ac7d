"""STS: who the keys belong to, and the roles that they may take."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.clouds.aws.call import Call
from tests.clouds.aws.errors import AwsError
from tests.clouds.aws.identity import Principal


def _who(call: Call) -> dict[str, Any]:
    who = call.principal
    return {"UserId": who.user_id, "Account": who.account, "Arn": who.arn}


def _assume(call: Call) -> dict[str, Any]:
    role, params = str(call.params["RoleArn"]), call.params
    account, name = role.split(":")[4], role.rpartition("/")[2]
    expected = call.identities.external_id
    known = call.ledger.payer_of(account) == call.payer and name in call.identities.roles
    if not known or (expected is not None and params.get("ExternalId") != expected):
        message = f"User: {call.principal.arn} is not authorized to perform: sts:AssumeRole on resource: {role}"
        raise AwsError("AccessDenied", message, 403)
    return _given(call.identities.assume(role, params["RoleSessionName"], params.get("DurationSeconds", 3600)))


def _assume_by_web_identity(call: Call) -> dict[str, Any]:
    params = call.params
    subject = call.identities.web_identity_tokens.get(params["WebIdentityToken"])
    if subject is None:
        raise AwsError("InvalidIdentityToken", "The web identity token that was passed could not be validated.")
    role = str(params["RoleArn"])
    if call.ledger.payer_of(role.split(":")[4]) is None or role.rpartition("/")[2] not in call.identities.roles:
        raise AwsError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)
    given = call.identities.assume(role, params["RoleSessionName"], params.get("DurationSeconds", 3600))
    return _given(given) | {"SubjectFromWebIdentityToken": subject}


def _given(principal: Principal) -> dict[str, Any]:
    return {
        "Credentials": {
            "AccessKeyId": principal.key,
            "SecretAccessKey": principal.secret,
            "SessionToken": principal.token,
            "Expiration": principal.expires,
        },
        "AssumedRoleUser": {"AssumedRoleId": principal.user_id, "Arn": principal.arn},
    }


OPERATIONS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {
    "GetCallerIdentity": _who,
    "AssumeRole": _assume,
    "AssumeRoleWithWebIdentity": _assume_by_web_identity,
}
