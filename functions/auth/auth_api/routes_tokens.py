"""Personal access tokens, and asking what a token is worth."""

from auth_api.wire_tokens import (
    introspected_of,
    introspection_json,
    issued_json,
    page_of,
    token_change_of,
    token_draft_of,
    token_json,
    tokens_json,
)
from pyairtable_common.application.introspection import introspect
from pyairtable_common.application.personal_tokens import (
    change_token,
    create_token,
    delete_token,
    list_tokens,
    regenerate_token,
    show_token,
)
from pyairtable_common.web.auth import open_person, operation_of
from pyairtable_common.web.messages import Response
from pyairtable_common.web.routing import Call, Router

router = Router()


@router.route("GET", "/v1/auth/tokens")
def get_tokens(call: Call) -> Response:
    principal = open_person(call)
    return Response(tokens_json(*list_tokens(call.services, principal, *page_of(call.request.query))))


@router.route("POST", "/v1/auth/tokens")
def post_token(call: Call) -> Response:
    principal = open_person(call)
    draft = token_draft_of(call.request.json())
    operation = operation_of(call, principal.user_id)
    return Response(issued_json(create_token(call.services, principal, operation, draft)), 201)


@router.route("GET", "/v1/auth/tokens/{token}")
def get_token(call: Call) -> Response:
    return Response(token_json(show_token(call.services, open_person(call), _token_id(call))))


@router.route("PATCH", "/v1/auth/tokens/{token}")
def patch_token(call: Call) -> Response:
    principal = open_person(call)
    change = token_change_of(call.request.json())
    return Response(token_json(change_token(call.services, principal, _token_id(call), change)))


@router.route("DELETE", "/v1/auth/tokens/{token}")
def delete_token_by_id(call: Call) -> Response:
    delete_token(call.services, open_person(call), _token_id(call))
    return Response({"id": _token_id(call), "deleted": True})


@router.route("POST", "/v1/auth/tokens/{token}/regenerate")
def post_regenerate(call: Call) -> Response:
    principal = open_person(call)
    operation = operation_of(call, principal.user_id)
    return Response(issued_json(regenerate_token(call.services, principal, operation, _token_id(call))))


@router.route("POST", "/v1/auth/introspect")
def post_introspect(call: Call) -> Response:
    principal = open_person(call)
    text = introspected_of(call.request.json())
    return Response(introspection_json(introspect(call.services, principal, text)))


def _token_id(call: Call) -> str:
    return call.request.path_parameters["token"]
