"""The auth service's routes."""

from dataclasses import replace

from auth_api.routes_mfa import router as mfa
from auth_api.routes_recovery import router as recovery
from auth_api.routes_sessions import origin_of
from auth_api.routes_sessions import router as sessions
from auth_api.routes_tokens import router as tokens
from auth_api.wire import (
    account_draft_of,
    joined_json,
    login_of,
    me_json,
    registered_json,
    signed_in_json,
)
from pyairtable_common.application.accounts import AccountDraft, register, request_account
from pyairtable_common.application.guesses import count_mail
from pyairtable_common.application.invites import accept_invite, require_invited
from pyairtable_common.application.profiles import own_account
from pyairtable_common.application.sessions import login
from pyairtable_common.application.workspaces import list_workspaces
from pyairtable_common.domain.events import Operation
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.permissions import Scope
from pyairtable_common.domain.users import canonical_email, email_digest
from pyairtable_common.web.auth import open_person, operation_of
from pyairtable_common.web.messages import Response
from pyairtable_common.web.rate_limit import guarded_guess
from pyairtable_common.web.routing import Call, Router

KEYS_SECONDS = 300
"""How long others may keep the public keys; the next key is published for twice as long before it signs."""

router = Router()
router.include(sessions)
router.include(tokens)
router.include(mfa)
router.include(recovery)

CHECK_YOUR_MAIL: JSONObject = {"message": "Check your mail: we sent a letter to the address you gave."}


@router.route("POST", "/v1/auth/register")
def post_register(call: Call) -> Response:
    draft, invite = account_draft_of(call.request.json())
    operation = operation_of(call, email_digest(draft.email))
    if invite is not None:
        return _register_invited(call, operation, draft, invite)
    if call.services.require_verification:
        count_mail(call.services, email_digest(draft.email))
        request_account(call.services, draft)
        return Response(CHECK_YOUR_MAIL, 202)
    return Response(registered_json(register(call.services, operation.id, draft, origin_of(call))), 201)


def _register_invited(call: Call, operation: Operation, draft: AccountDraft, invite: str) -> Response:
    """An account, then the membership: a repeat goes on where the first attempt ended.

    The link came by mail to this address, so no other letter has to verify it.
    """
    services = call.services
    require_invited(services, invite, draft.email)
    made = register(services, operation.id, draft, origin_of(call), services.clock.now_ms())
    joining = replace(operation, actor_id=made.signed_in.user.id)
    joined = accept_invite(services, joining.actor_id, joining, invite)
    return Response({**registered_json(made), **joined_json(joined)}, 201)


@router.route("POST", "/v1/auth/login")
def post_login(call: Call) -> Response:
    email, password, code = login_of(call.request.json())
    account = email_digest(canonical_email(email))
    signed_in = guarded_guess(
        call, "password", account, lambda: login(call.services, email, password, origin_of(call), code)
    )
    return Response(signed_in_json(signed_in))


@router.route("GET", "/v1/auth/me")
def get_me(call: Call) -> Response:
    principal = open_person(call)
    user = own_account(call.services, principal)
    visible = principal.has(Scope.WORKSPACES_READ)
    return Response(me_json(principal, user, list_workspaces(call.services, principal) if visible else []))


@router.route("GET", "/.well-known/jwks.json")
def get_public_keys(call: Call) -> Response:
    services = call.services
    keys = services.access_tokens.public_keys(services.clock.now_ms())
    return Response(keys, headers={"Cache-Control": f"public, max-age={KEYS_SECONDS}"})
