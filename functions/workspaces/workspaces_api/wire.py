"""The workspaces service's request and response shapes."""

from pyairtable_common.application.workspaces import Invitee, Member
from pyairtable_common.domain.errors import Invalid
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.permissions import Role, role_of_word
from pyairtable_common.domain.workspaces import Workspace
from pyairtable_common.web.native import require_only, text_of


def name_of(body: JSONObject) -> str:
    return text_of(require_only(body, "name"), "name")


def invitation_of(body: JSONObject) -> tuple[Invitee, Role]:
    """Exactly one of ``email`` and ``userId``, and a role."""
    require_only(body, "email", "userId", "role")
    role = role_of_word(text_of(body, "role"))
    if role is None:
        raise Invalid("role", f"must be one of {', '.join(role.word for role in Role)}")
    if ("email" in body) == ("userId" in body):
        raise Invalid("email", "is required, or userId instead of it")
    if "email" in body:
        return Invitee(email=text_of(body, "email")), role
    return Invitee(user_id=text_of(body, "userId")), role


def workspace_json(workspace: Workspace, role: Role) -> JSONObject:
    return {"id": workspace.id, "name": workspace.name, "role": role.word}


def member_json(member: Member) -> JSONObject:
    user = member.user
    return {"userId": user.id, "email": user.email, "name": user.name, "role": member.role.word}
