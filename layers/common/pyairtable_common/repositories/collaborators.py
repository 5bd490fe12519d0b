"""Roles in single bases, in the store: under the workspace, and the other way round under the user."""

from collections.abc import Mapping

from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.permissions import Role
from pyairtable_common.domain.workspaces import Collaboration
from pyairtable_common.repositories import codec, keys
from pyairtable_common.repositories.documents import text
from pyairtable_common.repositories.ports import Expectation, Item, Put, Write
from pyairtable_common.repositories.tenancy import role_of


def collaboration_of(item: Item) -> Collaboration:
    """From the user's side, ``keys.user_base``."""
    workspace_id = text(codec.decode(item.data), "workspace")
    base_id = item.key.sk.removeprefix(keys.USER_BASES)
    return Collaboration(workspace_id, base_id, item.key.owner, role_of(item))


def collaboration_writes(one: Collaboration, version: int, expect: Expectation) -> list[Write]:
    """A role in a base, both ways round."""
    data = codec.encode({"role": one.role.value, "workspace": one.workspace_id})
    return [
        Put(Item(keys.collaborator(one.workspace_id, one.base_id, one.user_id), version, data), expect),
        Put(Item(keys.user_base(one.user_id, one.base_id), version, data), expect),
    ]


def collaborators_changed(base_id: str, changes: Mapping[str, tuple[Role | None, Role | None]]) -> JSONObject:
    """What an event tells: by base and user id, the role before and after; ``None`` for none."""
    told: JSONObject = {
        user: {"before": _told(before), "after": _told(after)} for user, (before, after) in changes.items()
    }
    return {"collaborators": {base_id: told}}


def _told(role: Role | None) -> JSONObject | None:
    return None if role is None else {"role": role.word}
