"""Invites in the store."""

from collections.abc import Mapping

from pyairtable_common.domain.invites import Invite, State
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.permissions import Role
from pyairtable_common.repositories import codec, keys
from pyairtable_common.repositories.documents import integer, optional_text, text
from pyairtable_common.repositories.ports import Item


def invite_of(item: Item) -> Invite:
    return invite_of_document(codec.decode(item.data))


def invite_item(invite: Invite, version: int) -> Item:
    key = keys.invite(invite.workspace_id, invite.id)
    return Item(key, version, codec.encode(invite_document(invite)), invite.expires_ms // 1000)


def invite_document(invite: Invite) -> JSONObject:
    return {
        "id": invite.id,
        "workspace": invite.workspace_id,
        "email": invite.email,
        "role": invite.role.value,
        "inviter": invite.inviter_id,
        "created": invite.created_ms,
        "expires": invite.expires_ms,
        "digest": invite.digest,
        "state": invite.state.value,
        "user": invite.user_id,
    }


def invite_of_document(raw: JSONObject) -> Invite:
    return Invite(
        id=text(raw, "id"),
        workspace_id=text(raw, "workspace"),
        email=text(raw, "email"),
        role=Role(integer(raw, "role")),
        inviter_id=text(raw, "inviter"),
        created_ms=integer(raw, "created"),
        expires_ms=integer(raw, "expires"),
        digest=optional_text(raw, "digest"),
        state=State(text(raw, "state")),
        user_id=optional_text(raw, "user"),
    )


def invites_changed(changes: Mapping[str, tuple[Invite | None, Invite | None]]) -> JSONObject:
    """What an event tells of invites, by id: role and state. A log is for ever: it holds no address."""
    return {
        "invites": {
            invite_id: {"before": _told(before), "after": _told(after)}
            for invite_id, (before, after) in changes.items()
        }
    }


def _told(invite: Invite | None) -> JSONObject | None:
    return None if invite is None else {"role": invite.role.word, "state": invite.state.value}
