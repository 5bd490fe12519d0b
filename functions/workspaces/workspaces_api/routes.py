"""The workspaces service's routes."""

from pyairtable_common.application.members import (
    add_member,
    change_role,
    list_members,
    remove_member,
    transfer_ownership,
)
from pyairtable_common.application.workspaces import (
    change_workspace,
    create_workspace,
    list_workspaces,
    slug_is_free,
)
from pyairtable_common.domain.permissions import Role
from pyairtable_common.web.auth import open_person, open_workspace_of, operation_of
from pyairtable_common.web.decoding import one
from pyairtable_common.web.messages import Response
from pyairtable_common.web.routing import Call, Router
from workspaces_api.routes_collaborators import router as collaborators
from workspaces_api.routes_events import router as events
from workspaces_api.routes_invites import router as invites
from workspaces_api.wire import (
    change_of,
    member_json,
    membership_json,
    name_of,
    new_member_of,
    new_owner_of,
    role_of,
    workspace_json,
)

router = Router()
router.include(events)
router.include(invites)
router.include(collaborators)

MEMBER = "/v1/workspaces/{workspace}/members/{user}"


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


@router.route("GET", "/v1/workspaces/slug-available")
def get_slug_available(call: Call) -> Response:
    open_person(call)
    slug = one(call.request.query, "slug") or ""
    return Response({"slug": slug, "available": slug_is_free(call.services, slug)})


@router.route("PATCH", "/v1/workspaces/{workspace}")
def patch_workspace(call: Call) -> Response:
    access = open_workspace_of(call)
    change = change_of(call.request.json())
    operation = operation_of(call, access.principal.user_id)
    return Response(workspace_json(change_workspace(access, operation, change), access.role))


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
    user_id, role = new_member_of(call.request.json())
    operation = operation_of(call, access.principal.user_id)
    return Response(member_json(add_member(access, operation, user_id, role)), 201)


@router.route("PATCH", MEMBER)
def patch_member(call: Call) -> Response:
    access = open_workspace_of(call)
    role = role_of(call.request.json())
    operation = operation_of(call, access.principal.user_id)
    return Response(membership_json(change_role(access, operation, _user(call), role)))


@router.route("DELETE", MEMBER)
def delete_member(call: Call) -> Response:
    access = open_workspace_of(call)
    remove_member(access, operation_of(call, access.principal.user_id), _user(call))
    return Response({"userId": _user(call), "deleted": True})


@router.route("POST", "/v1/workspaces/{workspace}/transfer-ownership")
def post_transfer(call: Call) -> Response:
    access = open_workspace_of(call)
    user_id = new_owner_of(call.request.json())
    operation = operation_of(call, access.principal.user_id)
    return Response(membership_json(transfer_ownership(access, operation, user_id)))


def _user(call: Call) -> str:
    return call.request.path_parameters["user"]
