"""Workspaces and their members in the store."""

from collections.abc import Mapping
from dataclasses import replace

from pyairtable_common.domain.events import Event
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.permissions import Role
from pyairtable_common.domain.workspaces import Membership, Workspace
from pyairtable_common.repositories import codec, event_log, keys
from pyairtable_common.repositories.documents import integer, optional_text, text
from pyairtable_common.repositories.ports import Absent, Expectation, Item, Put, Table, VersionIs, Write


def workspace_of(item: Item) -> Workspace:
    raw = codec.decode(item.data)
    return Workspace(
        id=item.key.owner,
        name=text(raw, "name"),
        sequence=item.version,
        created_ms=integer(raw, "created"),
        slug=optional_text(raw, "slug"),
        icon=optional_text(raw, "icon"),
    )


def role_of(item: Item) -> Role:
    """The role that a membership item gives, whichever way round it lies."""
    return Role(integer(codec.decode(item.data), "role"))


def membership_of(item: Item) -> Membership:
    """From either way round: a workspace's member or a user's workspace."""
    if item.key.sk.startswith(keys.MEMBERS):
        return Membership(item.key.owner, item.key.sk.removeprefix(keys.MEMBERS), role_of(item))
    return Membership(item.key.sk.removeprefix(keys.USER_WORKSPACES), item.key.owner, role_of(item))


def creation_writes(workspace: Workspace, event: Event, owner_id: str) -> list[Write]:
    """A new workspace, its first event and its owner."""
    owner = Membership(workspace.id, owner_id, Role.OWNER)
    return [
        Put(_head(workspace), Absent()),
        *event_log.puts_of(Table.TENANCY, workspace.id, event),
        *membership_writes(owner, event.sequence, Absent()),
    ]


def advance_writes(workspace: Workspace, event: Event, changed: Workspace | None = None) -> list[Write]:
    """The workspace's next event, and its head (``changed``) moved on to it; fails if another was first."""
    moved = replace(changed or workspace, sequence=event.sequence)
    return [
        Put(_head(moved), VersionIs(workspace.sequence)),
        *event_log.puts_of(Table.TENANCY, workspace.id, event),
    ]


def membership_writes(membership: Membership, version: int, expect: Expectation) -> list[Write]:
    """A membership, both ways round."""
    workspace_id, user_id = membership.workspace_id, membership.user_id
    data = codec.encode({"role": membership.role.value})
    return [
        Put(Item(keys.member(workspace_id, user_id), version, data), expect),
        Put(Item(keys.user_workspace(user_id, workspace_id), version, data), expect),
    ]


def members_changed(changes: Mapping[str, tuple[Role | None, Role | None]]) -> JSONObject:
    """What an event tells of members: by user id, the role before and after; ``None`` for no member."""
    return {
        "members": {
            user: {"before": _role_told(before), "after": _role_told(after)}
            for user, (before, after) in changes.items()
        }
    }


def workspace_created(workspace: Workspace, owner_id: str) -> JSONObject:
    """What a workspace's first event tells."""
    return {"name": workspace.name, **members_changed({owner_id: (None, Role.OWNER)})}


def _head(workspace: Workspace) -> Item:
    data = codec.encode(
        {
            "name": workspace.name,
            "created": workspace.created_ms,
            "slug": workspace.slug,
            "icon": workspace.icon,
        }
    )
    return Item(keys.workspace(workspace.id), workspace.sequence, data)


def _role_told(role: Role | None) -> JSONObject | None:
    return None if role is None else {"role": role.word}
