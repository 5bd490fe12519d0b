"""Invites: those of a workspace, and the answers of those who are invited."""

from pyairtable_common.application.invites import (
    accept_invite,
    create_invite,
    decline_invite,
    invite_actor,
    list_invites,
    resend_invite,
    revoke_invite,
)
from pyairtable_common.web.auth import open_person, open_workspace_of, operation_of
from pyairtable_common.web.messages import Response
from pyairtable_common.web.routing import Call, Router
from workspaces_api.wire_invites import accepted_json, invite_draft_of, invite_json

router = Router()

INVITES = "/v1/workspaces/{workspace}/invites"


@router.route("GET", INVITES)
def get_invites(call: Call) -> Response:
    return Response({"invites": [invite_json(invite) for invite in list_invites(open_workspace_of(call))]})


@router.route("POST", INVITES)
def post_invite(call: Call) -> Response:
    access = open_workspace_of(call)
    draft = invite_draft_of(call.request.json())
    operation = operation_of(call, access.principal.user_id)
    return Response(invite_json(create_invite(access, operation, draft)), 201)


@router.route("DELETE", f"{INVITES}/{{invite}}")
def delete_invite(call: Call) -> Response:
    access = open_workspace_of(call)
    revoke_invite(access, operation_of(call, access.principal.user_id), _invite(call))
    return Response({"id": _invite(call), "deleted": True})


@router.route("POST", f"{INVITES}/{{invite}}/resend")
def post_resend(call: Call) -> Response:
    access = open_workspace_of(call)
    operation = operation_of(call, access.principal.user_id)
    return Response(invite_json(resend_invite(access, operation, _invite(call))))


@router.route("POST", "/v1/invites/{token}/accept")
def post_accept(call: Call) -> Response:
    principal = open_person(call)
    operation = operation_of(call, principal.user_id)
    return Response(accepted_json(accept_invite(call.services, principal.user_id, operation, _token(call))))


@router.route("POST", "/v1/invites/{token}/decline")
def post_decline(call: Call) -> Response:
    operation = operation_of(call, invite_actor(_token(call)))
    decline_invite(call.services, _token(call), operation)
    return Response({"declined": True})


def _invite(call: Call) -> str:
    return call.request.path_parameters["invite"]


def _token(call: Call) -> str:
    return call.request.path_parameters["token"]
