"""Turning a second factor on and off."""

from auth_api.wire_mfa import code_of, enrolment_json, password_of, proof_of, recovery_codes_json
from pyairtable_common.application.authenticators import Proof, confirm, renew_recovery_codes, start, turn_off
from pyairtable_common.web.auth import open_person, operation_of
from pyairtable_common.web.messages import Response
from pyairtable_common.web.rate_limit import guarded_guess
from pyairtable_common.web.routing import Call, Router

router = Router()


@router.route("POST", "/v1/auth/mfa/totp")
def post_totp(call: Call) -> Response:
    principal = open_person(call)
    password = password_of(call.request.json())
    enrolment = guarded_guess(
        call, "password", principal.user_id, lambda: start(call.services, principal, password)
    )
    return Response(enrolment_json(enrolment), 201)


@router.route("POST", "/v1/auth/mfa/totp/confirm")
def post_confirm(call: Call) -> Response:
    principal = open_person(call)
    code = code_of(call.request.json())
    operation = operation_of(call, principal.user_id)
    return Response(recovery_codes_json(confirm(call.services, principal, operation, code)))


@router.route("DELETE", "/v1/auth/mfa/totp")
def delete_totp(call: Call) -> Response:
    principal = open_person(call)
    proof = proof_of(call.request.json())
    guarded_guess(call, _guessed(proof), principal.user_id, lambda: turn_off(call.services, principal, proof))
    return Response({"deleted": True})


@router.route("POST", "/v1/auth/mfa/recovery-codes")
def post_recovery_codes(call: Call) -> Response:
    principal = open_person(call)
    proof = proof_of(call.request.json())
    operation = operation_of(call, principal.user_id)
    codes = guarded_guess(
        call,
        _guessed(proof),
        principal.user_id,
        lambda: renew_recovery_codes(call.services, principal, operation, proof),
    )
    return Response(recovery_codes_json(codes))


def _guessed(proof: Proof) -> str:
    return "totp" if proof.password is None else "password"
