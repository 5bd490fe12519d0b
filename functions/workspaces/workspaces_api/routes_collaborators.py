"""Roles in single bases."""

from pyairtable_common.application.collaborators import (
    add_collaborators,
    change_collaborator,
    list_collaborators,
    remove_collaborator,
)
from pyairtable_common.web.auth import open_workspace_of, operation_of
from pyairtable_common.web.messages import Response
from pyairtable_common.web.routing import Call, Router
from workspaces_api.wire import new_member_of, role_of
from workspaces_api.wire_collaborators import collaboration_json, collaborator_json

router = Router()

COLLABORATORS = "/v1/workspaces/{workspace}/bases/{base}/collaborators"
COLLABORATOR = f"{COLLABORATORS}/{{user}}"


@router.route("GET", COLLABORATORS)
def get_collaborators(call: Call) -> Response:
    found = list_collaborators(open_workspace_of(call), _base(call))
    return Response({"collaborators": [collaborator_json(one) for one in found]})


@router.route("POST", COLLABORATORS)
def post_collaborator(call: Call) -> Response:
    access = open_workspace_of(call)
    user_id, role = new_member_of(call.request.json())
    operation = operation_of(call, access.principal.user_id)
    (added,) = add_collaborators(access, operation, _base(call), {user_id: role})
    return Response(collaborator_json(added), 201)


@router.route("PATCH", COLLABORATOR)
def patch_collaborator(call: Call) -> Response:
    access = open_workspace_of(call)
    role = role_of(call.request.json())
    operation = operation_of(call, access.principal.user_id)
    return Response(
        collaboration_json(change_collaborator(access, operation, _base(call), _user(call), role))
    )


@router.route("DELETE", COLLABORATOR)
def delete_collaborator(call: Call) -> Response:
    access = open_workspace_of(call)
    remove_collaborator(access, operation_of(call, access.principal.user_id), _base(call), _user(call))
    return Response({"userId": _user(call), "deleted": True})


def _base(call: Call) -> str:
    return call.request.path_parameters["base"]


def _user(call: Call) -> str:
    return call.request.path_parameters["user"]
