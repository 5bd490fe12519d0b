"""A workspace as it is stored, and as its log tells it: the two must be equal at any time."""

from collections.abc import Mapping

from pyairtable_common.domain.permissions import Role
from pyairtable_common.repositories import codec, keys
from pyairtable_common.repositories.documents import text
from pyairtable_common.repositories.event_log import read_events
from pyairtable_common.repositories.pages import all_items
from pyairtable_common.repositories.ports import Item, Store, Table
from pyairtable_common.repositories.tenancy import role_of, workspace_of
from pyairtable_common.repositories.workspace_history import WorkspaceState, after_event


def stored_state(store: Store, workspace_id: str) -> tuple[int, WorkspaceState]:
    """The number of the last event, and what the items say, which must be in both their places."""
    head = store.get([keys.workspace(workspace_id)])[keys.workspace(workspace_id)]
    workspace = workspace_of(head)
    members = {one: role_of(item) for one, item in _items(store, workspace_id, keys.MEMBERS).items()}
    bases = {
        one: text(codec.decode(item.data), "name")
        for one, item in _items(store, workspace_id, keys.WORKSPACE_BASES).items()
    }
    _require_mirrored(store, workspace_id, members)
    return workspace.sequence, WorkspaceState(workspace.name, workspace.slug, workspace.icon, members, bases)


def told_states(store: Store, workspace_id: str) -> Mapping[int, WorkspaceState]:
    """By number of each event, what the log up to it tells."""
    state, states = WorkspaceState(), {}
    for event in read_events(store, Table.TENANCY, workspace_id, 0):
        state = after_event(state, event)
        states[event.sequence] = state
    return states


def _items(store: Store, workspace_id: str, prefix: str) -> Mapping[str, Item]:
    items = all_items(store, Table.TENANCY, workspace_id, prefix=prefix)
    return {item.key.sk.removeprefix(prefix): item for item in items}


def _require_mirrored(store: Store, workspace_id: str, members: Mapping[str, Role]) -> None:
    mirrors = {one: keys.user_workspace(one, workspace_id) for one in members}
    found = store.get(list(mirrors.values()))
    assert {one: role_of(found[key]) for one, key in mirrors.items() if key in found} == members
