"""The workspaces service's request and response shapes."""

from pyairtable_common.application.members import Member
from pyairtable_common.application.workspaces import WorkspaceChange
from pyairtable_common.domain.clock import iso_from_ms
from pyairtable_common.domain.errors import Invalid
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.permissions import Role, role_of_word
from pyairtable_common.domain.workspaces import Membership, Workspace
from pyairtable_common.web.native import require_only, text_of


def name_of(body: JSONObject) -> str:
    return text_of(require_only(body, "name"), "name")


def new_member_of(body: JSONObject) -> tuple[str, Role]:
    """A user's id and a role. Addresses are for invites: nobody is told here which have an account."""
    require_only(body, "userId", "role")
    role = role_in(body)
    return text_of(body, "userId"), role


def role_of(body: JSONObject) -> Role:
    return role_in(require_only(body, "role"))


def new_owner_of(body: JSONObject) -> str:
    return text_of(require_only(body, "userId"), "userId")


def change_of(body: JSONObject) -> WorkspaceChange:
    """At least one of ``name``, ``slug`` and ``icon``."""
    names = ("name", "slug", "icon")
    require_only(body, *names)
    change = WorkspaceChange(*(text_of(body, name) if name in body else None for name in names))
    if change == WorkspaceChange():
        raise Invalid("name", "is required, or slug or icon instead of it")
    return change


def workspace_json(workspace: Workspace, role: Role) -> JSONObject:
    return {
        "id": workspace.id,
        "name": workspace.name,
        "slug": workspace.slug,
        "icon": workspace.icon,
        "role": role.word,
        "createdTime": iso_from_ms(workspace.created_ms),
    }


def membership_json(membership: Membership) -> JSONObject:
    return {"userId": membership.user_id, "role": membership.role.word}


def member_json(member: Member) -> JSONObject:
    user = member.user
    return {"userId": user.id, "email": user.email, "name": user.name, "role": member.role.word}


def role_in(body: JSONObject) -> Role:
    """The role that a body names. Raises ``Invalid``."""
    role = role_of_word(text_of(body, "role"))
    if role is None:
        raise Invalid("role", f"must be one of {', '.join(role.word for role in Role)}")
    return role
