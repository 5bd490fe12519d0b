"""Roles in single bases, as Airtable's clients manage them (Web API, "Add base collaborator")."""

from pyairtable_common.application.collaborators import (
    add_collaborators,
    change_collaborator,
    remove_collaborator,
    workspace_of_base,
)
from pyairtable_common.web.auth import open_base_to_write
from pyairtable_common.web.messages import Response
from pyairtable_common.web.routing import Call, Router
from tables_api.wire_collaborators import new_role_of, new_roles_of

router = Router()

COLLABORATORS = "/v0/meta/bases/{base}/collaborators"
COLLABORATOR = f"{COLLABORATORS}/{{user}}"


@router.route("POST", COLLABORATORS)
def post_collaborators(call: Call) -> Response:
    access, operation, roles = open_base_to_write(call, lambda: new_roles_of(call.request.json()))
    add_collaborators(workspace_of_base(access), operation, access.base.id, roles)
    return Response({})


@router.route("PATCH", COLLABORATOR)
def patch_collaborator(call: Call) -> Response:
    access, operation, role = open_base_to_write(call, lambda: new_role_of(call.request.json()))
    change_collaborator(workspace_of_base(access), operation, access.base.id, _user(call), role)
    return Response({})


@router.route("DELETE", COLLABORATOR)
def delete_collaborator(call: Call) -> Response:
    access, operation, _ = open_base_to_write(call, lambda: None)
    remove_collaborator(workspace_of_base(access), operation, access.base.id, _user(call))
    return Response({})


def _user(call: Call) -> str:
    return call.request.path_parameters["user"]
