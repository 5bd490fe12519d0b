"""Invites, as they go over the wire. The link's token is in the letter and nowhere else."""

from pyairtable_common.application.invites import InviteDraft
from pyairtable_common.domain.clock import iso_from_ms
from pyairtable_common.domain.invites import Invite
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.workspaces import Membership
from pyairtable_common.web.native import require_only, text_of
from workspaces_api.wire import role_in


def invite_draft_of(body: JSONObject) -> InviteDraft:
    require_only(body, "email", "role")
    return InviteDraft(text_of(body, "email"), role_in(body))


def invite_json(invite: Invite) -> JSONObject:
    return {
        "id": invite.id,
        "email": invite.email,
        "role": invite.role.word,
        "invitedByUserId": invite.inviter_id,
        "createdTime": iso_from_ms(invite.created_ms),
        "expiresTime": iso_from_ms(invite.expires_ms),
    }


def accepted_json(membership: Membership) -> JSONObject:
    return {
        "workspaceId": membership.workspace_id,
        "userId": membership.user_id,
        "role": membership.role.word,
    }
