"""Events as earlier versions stored them, byte for byte, read by today's code."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pyairtable_common.domain.events import Caller, Event, Kind, Source
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories import codec, event_log, keys
from pyairtable_common.repositories.ports import Absent, Item, Put, Table
from pyairtable_common.repositories.upcasters import UPCASTERS, newest_version, upcast

OLD = {
    int(path.stem.removeprefix("version_")): json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parents[1] / "events").glob("version_*.json"))
}
FIRST = list(OLD[1].items())
OWNER = "app" + "A" * 14


def test_every_kind_has_a_chain_of_upcasters() -> None:
    assert UPCASTERS.keys() == set(Kind)


@pytest.mark.parametrize(("word", "old"), FIRST)
def test_an_event_of_the_first_version_reads_as_what_it_said(word: str, old: Mapping[str, Any]) -> None:
    store = SqliteStore(":memory:")
    item = Item(keys.event(Table.BASES, OWNER, old["sequence"]), 1, base64.b64decode(old["stored"]))
    store.transact([Put(item, Absent())], "1")
    assert event_log.read_event(store, Table.BASES, OWNER, old["sequence"]) == Event(
        sequence=old["sequence"],
        kind=Kind(word),
        actor_id=old["actor"],
        operation_id=old["operation"],
        at_ms=old["at"],
        data=old["data"],
        caller=Caller(Source.UNKNOWN),
    )


def test_what_is_written_today_is_of_the_newest_version_and_says_where_it_came_from() -> None:
    caller = Caller(Source.PUBLIC_API, "pat" + "C" * 14, "2001:db8::7")
    event = Event(1, Kind.MEMBERS_CHANGED, "usr" + "B" * 14, "op", 1000, {"members": {}}, caller)
    put = event_log.puts_of(Table.TENANCY, OWNER, event)[0]
    document = codec.decode(put.item.data)
    assert document["v"] == newest_version(Kind.MEMBERS_CHANGED) == 2
    assert upcast(document) == document
    store = SqliteStore(":memory:")
    store.transact([put], "1")
    assert event_log.read_event(store, Table.TENANCY, OWNER, 1) == event


@pytest.mark.parametrize("version", [0, 3, 99])
def test_a_version_of_later_code_is_refused(version: int) -> None:
    with pytest.raises(codec.UnknownForm, match=f"version {version} "):
        upcast({"kind": "base.created", "v": version})


def test_a_kind_of_later_code_is_refused() -> None:
    with pytest.raises(codec.UnknownForm, match=r"of kind base\.painted"):
        upcast({"kind": "base.painted", "v": 1})
