"""Deleting an account: every store call of the sweep going wrong, and again in the recovery."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from faulty import Crash, Fault, FaultyStore
from pyairtable_common.application.account_deletion import sweep_deletions
from pyairtable_common.domain.permissions import Role
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories.event_log import read_events
from pyairtable_common.repositories.pages import all_items
from pyairtable_common.repositories.ports import Table, Unavailable
from quick_passwords import QuickPasswords
from world import World

DAYS_15 = 15 * 24 * 3600
Planned = tuple[Fault, int]


class Leaving:
    """Ada, whose time has come; Bob, in whose workspace she is too."""

    def __init__(self, folder: Path) -> None:
        self.engine = SqliteStore(":memory:")
        self.store = FaultyStore(self.engine)
        self.world = World(folder, store=self.store)
        self.world.services = replace(self.world.services, passwords=QuickPasswords())
        ada, bob = self.world.sign_up("Ada"), self.world.sign_up("Bob")
        bob.share_workspace(ada, "editor")
        ada.expect(200, "PATCH", f"/v1/workspaces/{ada.workspace_id}", {"slug": "adas"})
        base = bob.create_base()
        path = f"/v1/workspaces/{bob.workspace_id}/bases/{base.id}/collaborators"
        bob.expect(201, "POST", path, {"userId": ada.user_id, "role": "creator"})
        ada.personal_token("data.records:read")
        ada.expect(202, "DELETE", "/v1/users/me")
        self.ada, self.bob = ada, bob
        self.world.clock.sleep(DAYS_15)

    def sweep_until_done(self, faults: Sequence[Planned]) -> int:
        """Sweeps, each under the next of the faults; how many it took. Leases run out between them."""
        sweeps = 0
        for fault in [*faults, None]:
            self.store.plan(*fault) if fault else self.store.plan(None)
            with suppress(Crash, Unavailable):
                sweep_deletions(self.world.services)
            sweeps += 1
            self.world.clock.sleep(120)
        self.store.plan(None)
        while sweep_deletions(self.world.services) and sweeps < len(faults) + 3:
            sweeps += 1
            self.world.clock.sleep(120)
        return sweeps

    def require_gone(self) -> None:
        for table, pk in ((Table.IDENTITY, self.ada.user_id), (Table.TENANCY, self.ada.user_id)):
            assert list(all_items(self.engine, table, pk)) == []
        assert list(all_items(self.engine, Table.IDENTITY, f"{self.ada.user_id}#SG")) == []
        assert list(all_items(self.engine, Table.TENANCY, self.ada.workspace_id)) == []
        assert list(all_items(self.engine, Table.IDENTITY, "agenda:account-deletion")) == []
        members = [
            item.key.sk
            for item in all_items(self.engine, Table.TENANCY, self.bob.workspace_id, prefix="MEM#")
        ]
        assert members == [f"MEM#{self.bob.user_id}"]
        events = list(read_events(self.engine, Table.TENANCY, self.bob.workspace_id, 0))
        assert [event.sequence for event in events] == [1, 2, 3, 4, 5, 6]
        assert [
            item.key.sk
            for item in all_items(self.engine, Table.TENANCY, self.bob.workspace_id, prefix="COL#")
        ] == []
        assert list(all_items(self.engine, Table.TENANCY, "slug:adas")) == []
        assert events[4].data == {
            "members": {self.ada.user_id: {"before": {"role": Role.EDITOR.word}, "after": None}}
        }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("leaving")


def _calls(folder: Path) -> int:
    leaving = Leaving(folder)
    leaving.store.plan(None)
    assert sweep_deletions(leaving.world.services) == 1
    calls = leaving.store.calls
    leaving.require_gone()
    leaving.engine.close()
    return calls


def test_a_deletion_ends_whole_whatever_goes_wrong_once_or_twice(folder: Path) -> None:
    calls = _calls(folder)
    once: list[list[Planned]] = [[(fault, at)] for fault, at in product(Fault, range(calls + 2))]
    crashes = (Fault.CRASH_BEFORE, Fault.CRASH_AFTER)
    twice: list[list[Planned]] = [
        [(first, at), (second, again)]
        for first, second in product(crashes, repeat=2)
        for at in range(0, calls, 3)
        for again in range(0, calls, 4)
    ]
    assert len(once) + len(twice) >= 400
    for faults in [*once, *twice]:
        leaving = Leaving(folder)
        sweeps = leaving.sweep_until_done(faults)
        assert sweeps <= len(faults) + 2, faults
        leaving.require_gone()
        leaving.engine.close()
