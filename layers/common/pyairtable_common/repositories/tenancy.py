"""Workspaces and their members in the store."""

from pyairtable_common.domain.permissions import Role
from pyairtable_common.repositories import codec, keys
from pyairtable_common.repositories.documents import integer
from pyairtable_common.repositories.ports import Item


def role_of(item: Item) -> Role:
    """The role that a membership item gives."""
    return Role(integer(codec.decode(item.data), "role"))


def member_item(workspace_id: str, user_id: str, role: Role, version: int) -> Item:
    return Item(keys.member(workspace_id, user_id), version, codec.encode({"role": role.value}))
