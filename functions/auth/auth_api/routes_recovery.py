"""Verified addresses and new passwords.

What asks for a letter answers the same, in the same time, for every address.
"""

from auth_api.wire_recovery import change_of, email_of, reset_of, token_of
from pyairtable_common.application.guesses import count_mail, forgive
from pyairtable_common.application.recovery import (
    PasswordChange,
    change_password,
    request_reset,
    request_verification,
    reset_password,
    verify_email,
)
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.users import canonical_email, email_digest
from pyairtable_common.web.auth import open_person, operation_of
from pyairtable_common.web.messages import Response
from pyairtable_common.web.rate_limit import guarded_guess, guess_of
from pyairtable_common.web.routing import Call, Router

router = Router()

ON_ITS_WAY: JSONObject = {"message": "If there is something to send to this address, it is on its way."}


@router.route("POST", "/v1/auth/verify-email")
def post_verify_email(call: Call) -> Response:
    verify_email(call.services, token_of(call.request.json()))
    return Response({"verified": True})


@router.route("POST", "/v1/auth/verify-email/resend")
def post_resend_verification(call: Call) -> Response:
    email = email_of(call.request.json())
    count_mail(call.services, email_digest(canonical_email(email)))
    request_verification(call.services, email)
    return Response(ON_ITS_WAY, 202)


@router.route("POST", "/v1/auth/password/forgot")
def post_forgot_password(call: Call) -> Response:
    email = email_of(call.request.json())
    count_mail(call.services, email_digest(canonical_email(email)))
    request_reset(call.services, email)
    return Response(ON_ITS_WAY, 202)


@router.route("POST", "/v1/auth/password/reset")
def post_reset_password(call: Call) -> Response:
    token, password = reset_of(call.request.json())
    user = reset_password(call.services, token, password)
    forgive(call.services, guess_of(call, "password", email_digest(user.email)))
    return Response({"changed": True})


@router.route("POST", "/v1/auth/password/change")
def post_change_password(call: Call) -> Response:
    principal = open_person(call)
    old, new = change_of(call.request.json())
    operation = operation_of(call, principal.user_id)
    change = PasswordChange(operation.id, old, new)
    guarded_guess(
        call, "old password", principal.user_id, lambda: change_password(call.services, principal, change)
    )
    return Response({"changed": True})
