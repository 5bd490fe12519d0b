"""The workspaces service's routes."""

from pyairtable_common.application.workspaces import (
    add_member,
    create_workspace,
    list_members,
    list_workspaces,
)
from pyairtable_common.domain.permissions import Role
from pyairtable_common.web.auth import open_person, open_workspace_of, operation_of
from pyairtable_common.web.messages import Response
from pyairtable_common.web.routing import Call, Router
from workspaces_api.wire import invitation_of, member_json, name_of, workspace_json

router = Router()


@router.route("GET", "/v1/workspaces")
def get_workspaces(call: Call) -> Response:
    found = list_workspaces(call.services, open_person(call))
    return Response({"workspaces": [workspace_json(workspace, role) for workspace, role in found]})


@router.route("POST", "/v1/workspaces")
def post_workspace(call: Call) -> Response:
    principal = open_person(call)
    name = name_of(call.request.json())
    workspace = create_workspace(call.services, principal, operation_of(call, principal.user_id), name)
    return Response(workspace_json(workspace, Role.OWNER), 201)


@router.route("GET", "/v1/workspaces/{workspace}")
def get_workspace(call: Call) -> Response:
    access = open_workspace_of(call)
    return Response(workspace_json(access.workspace, access.role))


@router.route("GET", "/v1/workspaces/{workspace}/members")
def get_members(call: Call) -> Response:
    return Response({"members": [member_json(member) for member in list_members(open_workspace_of(call))]})


@router.route("POST", "/v1/workspaces/{workspace}/members")
def post_member(call: Call) -> Response:
    access = open_workspace_of(call)
    invitee, role = invitation_of(call.request.json())
    operation = operation_of(call, access.principal.user_id)
    return Response(member_json(add_member(access, operation, invitee, role)), 201)
