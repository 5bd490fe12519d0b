"""What the store's port promises, sentence by sentence, on every engine."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import product

import pytest

from pyairtable_common.repositories.ports import (
    MAX_ITEM_BYTES,
    MAX_TRANSACTION_BYTES,
    Absent,
    Check,
    ConditionFailed,
    Delete,
    Exists,
    Expectation,
    Item,
    Key,
    Put,
    Store,
    Table,
    TooLarge,
    Unavailable,
    VersionIs,
    Write,
)

Load = Callable[[Store, Sequence[Item]], None]


def make_key(sk: str, pk: str = "app1", table: Table = Table.BASES) -> Key:
    return Key(table, pk, sk)


def make_item(
    sk: str, data: bytes = b"x", *, version: int = 1, pk: str = "app1", ttl: int | None = None
) -> Item:
    return Item(make_key(sk, pk), version, data, ttl)


def write(store: Store, *writes: Write) -> None:
    store.transact(writes, str(uuid.uuid4()))


def put(store: Store, *items: Item) -> None:
    write(store, *(Put(item, Absent()) for item in items))


def list_sks(store: Store, pk: str = "app1") -> list[str]:
    return [item.key.sk for item in store.query(Table.BASES, pk).items]


# --- get -------------------------------------------------------------------------------------------------
def test_get_finds_the_items_that_exist_and_leaves_out_the_others(store: Store) -> None:
    put(store, make_item("a"), make_item("b"))
    assert store.get([make_key("a"), make_key("nope"), make_key("b")]) == {
        make_key("a"): make_item("a"),
        make_key("b"): make_item("b"),
    }


def test_get_of_no_keys_is_empty(store: Store) -> None:
    assert store.get([]) == {}


def test_get_takes_a_hundred_keys_of_three_tables(store: Store) -> None:
    items = [Item(make_key(f"{n:03}", table=list(Table)[n % 3]), n, b"%d" % n) for n in range(100)]
    put(store, *items)
    assert store.get([item.key for item in items]) == {item.key: item for item in items}


def test_get_refuses_more_than_a_hundred_keys(store: Store) -> None:
    with pytest.raises(ValueError, match="100"):
        store.get([make_key(str(n)) for n in range(101)])


def test_get_takes_a_key_named_twice(store: Store) -> None:
    put(store, make_item("a"))
    assert store.get([make_key("a"), make_key("a")]) == {make_key("a"): make_item("a")}


def test_get_brings_back_more_than_a_megabyte(store: Store, load: Load) -> None:
    items = [make_item(str(n), bytes([n]) * 300_000) for n in range(6)]
    load(store, items)
    assert store.get([item.key for item in items]) == {item.key: item for item in items}


def test_the_same_key_in_two_tables_is_two_items(store: Store) -> None:
    tenancy = Item(make_key("a", table=Table.TENANCY), 5, b"tenancy")
    put(store, make_item("a"), tenancy)
    assert store.get([make_key("a"), tenancy.key]) == {make_key("a"): make_item("a"), tenancy.key: tenancy}


@pytest.mark.parametrize(("pk", "sk"), [("", "a"), ("app1", ""), ("app1", "é" * 513), ("p" * 2049, "a")])
def test_a_key_that_can_hold_nothing_is_not_there_and_is_not_written(store: Store, pk: str, sk: str) -> None:
    put(store, make_item("there"))
    assert set(store.get([make_key(sk, pk), make_key("there")])) == {make_key("there")}
    with pytest.raises(TooLarge):
        put(store, make_item("beside"), make_item(sk, pk=pk))
    assert list_sks(store) == ["there"]


def test_the_longest_keys_are_kept(store: Store) -> None:
    item = make_item("é" * 512, pk="p" * 2048)
    put(store, item)
    assert store.get([item.key]) == {item.key: item}
    assert list(store.query(Table.BASES, item.key.pk, prefix="é" * 511, first="é" * 512).items) == [item]


# --- what an item keeps ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "data",
    [b"", b"\0", bytes(range(256)) * 3, b"\xff\xfe\xfd", "naïve 🙂".encode()],
    ids=lambda data: f"{len(data)} bytes",
)
def test_data_comes_back_byte_for_byte(store: Store, data: bytes) -> None:
    put(store, make_item("a", data))
    assert store.get([make_key("a")])[make_key("a")].data == data


@pytest.mark.parametrize("version", [0, 1, 2**53, 10**18], ids=str)
def test_a_version_comes_back_exactly(store: Store, version: int) -> None:
    put(store, make_item("a", version=version))
    assert store.get([make_key("a")])[make_key("a")].version == version


def test_an_expiry_comes_back_and_its_absence_too(store: Store) -> None:
    put(store, make_item("a", ttl=4_102_444_800), make_item("b"))
    found = store.query(Table.BASES, "app1").items
    assert [item.expires_at for item in found] == [4_102_444_800, None]


def test_a_put_replaces_the_whole_item(store: Store) -> None:
    put(store, make_item("a", b"old", ttl=4_102_444_800))
    write(store, Put(make_item("a", b"new", version=2), VersionIs(1)))
    assert store.get([make_key("a")]) == {make_key("a"): make_item("a", b"new", version=2)}


@pytest.mark.parametrize("text", ["é", "日本", "🙂", "a b", "a/b", "100%", "\t", "'\"--"], ids=repr)
def test_keys_may_hold_any_text(store: Store, text: str) -> None:
    item = make_item(text, pk=f"app1#{text}")
    put(store, item)
    assert store.get([item.key]) == {item.key: item}
    assert list_sks(store, f"app1#{text}") == [text]


# --- query -------------------------------------------------------------------------------------------------
SKS = ["0", "a", "a#", "a#1", "a#2", "a#3", "a#\uffff", "a#\U0001f642", "a$", "b", "é", "日"]


@pytest.mark.parametrize("descending", [False, True], ids=["up", "down"])
def test_query_answers_exactly_the_range_asked_for(store: Store, descending: bool) -> None:
    put(store, *(make_item(sk) for sk in SKS), make_item("a", pk="app2"), make_item("a", pk="app1#x"))
    afters = [None, "", "0", "a", "a#", "a#15", "a#3", "a#~", "b", "zzz"]
    for first, prefix, after in product(["", "a#2", "a#25", "b"], ["", "a", "a#", "q"], afters):
        page = store.query(
            Table.BASES, "app1", first=first, after=after, prefix=prefix, descending=descending
        )
        expected = expect_range(first, after, prefix, descending)
        assert [item.key.sk for item in page.items] == expected, (first, prefix, after)
        assert not page.more


@pytest.mark.parametrize("descending", [False, True], ids=["up", "down"])
@pytest.mark.parametrize("limit", [1, 3, 12])
def test_pages_put_together_are_the_whole_range(store: Store, limit: int, descending: bool) -> None:
    put(store, *(make_item(sk) for sk in SKS))
    for first, prefix in product(["", "a#2"], ["", "a#"]):
        pages = read_pages(store, first=first, prefix=prefix, limit=limit, descending=descending)
        assert all(len(page) <= limit for page in pages)
        assert [sk for page in pages for sk in page] == expect_range(first, None, prefix, descending)


def test_an_empty_partition_is_an_empty_page(store: Store) -> None:
    page = store.query(Table.BASES, "app1")
    assert (list(page.items), page.more) == ([], False)


def test_a_page_says_that_there_is_more(store: Store) -> None:
    put(store, *(make_item(sk) for sk in "abc"))
    page = store.query(Table.BASES, "app1", limit=2)
    assert ([item.key.sk for item in page.items], page.more, page.last_sk) == (["a", "b"], True, "b")


def test_a_listing_goes_on_past_an_item_that_was_deleted_meanwhile(store: Store) -> None:
    put(store, *(make_item(sk) for sk in "abcd"))
    page = store.query(Table.BASES, "app1", limit=2)
    write(store, Delete(make_key(page.last_sk), Exists()))
    rest = store.query(Table.BASES, "app1", after=page.last_sk)
    assert [item.key.sk for item in rest.items] == ["c", "d"]


@pytest.mark.parametrize("descending", [False, True], ids=["up", "down"])
def test_a_partition_of_more_than_a_megabyte_is_read_in_pages(
    store: Store, load: Load, descending: bool
) -> None:
    items = [make_item(f"r{n:03}", bytes([n]) * 90_000) for n in range(30)]
    load(store, [*items, make_item("s")])
    pages = read_pages(store, prefix="r", descending=descending)
    assert len(pages) >= 3
    assert [sk for page in pages for sk in page] == sorted((i.key.sk for i in items), reverse=descending)


def test_a_query_reads_what_was_just_written(store: Store) -> None:
    for number in range(10):
        put(store, make_item(f"{number}"))
        assert list_sks(store)[-1] == f"{number}"


# --- transact: conditions ----------------------------------------------------------------------------------
HOLDING: Mapping[str, tuple[str, Expectation]] = {
    "absent": ("new", Absent()),
    "version": ("old", VersionIs(7)),
    "exists": ("old", Exists()),
}
FAILING: Mapping[str, tuple[str, Expectation]] = {
    "absent": ("old", Absent()),
    "other version": ("old", VersionIs(8)),
    "version of nothing": ("new", VersionIs(7)),
    "exists": ("new", Exists()),
}


def make_writes(sk: str, expect: Expectation) -> Sequence[Write]:
    return [
        Put(make_item(sk, b"put", version=8), expect),
        Delete(make_key(sk), expect),
        Check(make_key(sk), expect),
    ]


@pytest.mark.parametrize("name", HOLDING)
@pytest.mark.parametrize("kind", range(3), ids=["put", "delete", "check"])
def test_a_write_whose_expectation_holds_is_done(store: Store, name: str, kind: int) -> None:
    put(store, make_item("old", version=7))
    sk, expect = HOLDING[name]
    before = store.get([make_key(sk)])
    write(store, make_writes(sk, expect)[kind])
    after = [{make_key(sk): make_item(sk, b"put", version=8)}, {}, before]
    assert store.get([make_key(sk)]) == after[kind]


@pytest.mark.parametrize("name", FAILING)
@pytest.mark.parametrize("kind", range(3), ids=["put", "delete", "check"])
def test_a_failed_condition_writes_nothing_and_names_its_key(store: Store, name: str, kind: int) -> None:
    put(store, make_item("old", version=7))
    sk, expect = FAILING[name]
    with pytest.raises(ConditionFailed) as failure:
        write(store, Put(make_item("beside"), Absent()), make_writes(sk, expect)[kind])
    assert failure.value.failed == (make_key(sk),)
    assert list(store.query(Table.BASES, "app1").items) == [make_item("old", version=7)]


def test_every_failed_condition_is_named_whatever_the_order_of_kinds(store: Store) -> None:
    put(store, *(make_item(sk, version=3) for sk in "abcd"))
    with pytest.raises(ConditionFailed) as failure:
        write(
            store,
            Put(make_item("a", version=9), VersionIs(2)),
            Put(make_item("new"), Absent()),
            Check(make_key("b"), VersionIs(3)),
            Delete(make_key("c"), VersionIs(4)),
            Put(make_item("d", version=4), VersionIs(3)),
            Check(make_key("gone"), Exists()),
            Delete(make_key("b", table=Table.TENANCY), Exists()),
        )
    expected = {make_key("a"), make_key("c"), make_key("gone"), make_key("b", table=Table.TENANCY)}
    assert set(failure.value.failed) == expected
    assert len(failure.value.failed) == len(expected)
    assert [item.version for item in store.query(Table.BASES, "app1").items] == [3, 3, 3, 3]


def test_a_transaction_spans_tables_and_partitions(store: Store) -> None:
    items = [Item(make_key("a", pk, table), 1, b"x") for table in Table for pk in ("app1", "app2")]
    put(store, *items)
    assert len(store.get([item.key for item in items])) == 6


def test_a_transaction_spanning_tables_is_all_or_nothing(store: Store) -> None:
    put(store, make_item("taken"))
    items = [Item(make_key("a", table=table), 1, b"x") for table in Table]
    with pytest.raises(ConditionFailed):
        put(store, *items, make_item("taken"))
    assert store.get([item.key for item in items]) == {}


# --- transact: limits --------------------------------------------------------------------------------------
def test_a_hundred_writes_are_one_transaction(store: Store) -> None:
    put(store, *(make_item(f"{n:03}") for n in range(100)))
    assert len(list_sks(store)) == 100


def test_a_hundred_and_one_writes_are_refused_and_nothing_is_written(store: Store) -> None:
    with pytest.raises(TooLarge):
        put(store, *(make_item(f"{n:03}") for n in range(101)))
    assert list_sks(store) == []


def test_an_item_just_under_the_limit_fits(whole_store: Store) -> None:
    item = make_item("a", b"x" * (MAX_ITEM_BYTES - 100))
    put(whole_store, item)
    assert whole_store.get([item.key]) == {item.key: item}


def test_an_item_over_the_limit_is_refused_and_nothing_is_written(store: Store) -> None:
    with pytest.raises(TooLarge):
        put(store, make_item("a"), make_item("b", b"x" * MAX_ITEM_BYTES))
    assert list_sks(store) == []


def test_a_transaction_over_the_limit_is_refused_and_nothing_is_written(store: Store) -> None:
    with pytest.raises(TooLarge):
        put(store, *(make_item(f"{n:03}", b"x" * (MAX_TRANSACTION_BYTES // 20)) for n in range(20)))
    assert list_sks(store) == []


def test_a_transaction_of_megabytes_fits(store: Store) -> None:
    # MiniStack measures the request, in which bytes are base64: 2.9 MB here are 3.9 MB to it.
    put(store, *(make_item(f"{n:03}", bytes([n]) * 145_000) for n in range(20)))
    found = store.get([make_key(f"{n:03}") for n in range(20)])
    assert {key.sk: item.data[0] for key, item in found.items()} == {f"{n:03}": n for n in range(20)}


def test_two_writes_of_one_key_are_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="one for each key"):
        write(store, Put(make_item("a"), Absent()), Check(make_key("a"), Absent()))
    assert list_sks(store) == []


def test_a_transaction_of_nothing_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="has writes"):
        write(store)


# --- transact: tokens --------------------------------------------------------------------------------------
def test_the_same_writes_with_the_same_token_are_done_once(whole_store: Store) -> None:
    token = str(uuid.uuid4())
    writes = [Put(make_item("a"), Absent()), Put(make_item("b"), Absent())]
    whole_store.transact(writes, token)
    # An engine that keeps no tokens finds its own writes there: nothing is done twice all the same.
    with suppress(ConditionFailed):
        whole_store.transact(writes, token)
    assert [change.item for change in whole_store.changes(Table.BASES, None)] == [
        make_item("a"),
        make_item("b"),
    ]


def test_a_token_may_have_thirty_six_characters(store: Store) -> None:
    store.transact([Put(make_item("a"), Absent())], "t" * 36)
    assert list_sks(store) == ["a"]


# --- changes -----------------------------------------------------------------------------------------------
def test_changes_come_in_commit_order_with_the_item_after_each(whole_store: Store) -> None:
    put(whole_store, make_item("a", b"1"))
    write(whole_store, Put(make_item("a", b"2", version=2, ttl=4_102_444_800), VersionIs(1)))
    write(whole_store, Delete(make_key("a"), VersionIs(2)))
    put(whole_store, make_item("b", b""))
    changes = whole_store.changes(Table.BASES, None)
    assert [(change.key.sk, change.item) for change in changes] == [
        ("a", make_item("a", b"1")),
        ("a", make_item("a", b"2", version=2, ttl=4_102_444_800)),
        ("a", None),
        ("b", make_item("b", b"")),
    ]


def test_changes_go_on_after_any_position(whole_store: Store) -> None:
    for number in range(7):
        put(whole_store, make_item(f"{number}"))
    everything = whole_store.changes(Table.BASES, None)
    for index, change in enumerate(everything):
        later = whole_store.changes(Table.BASES, change.position)
        assert [each.key.sk for each in later] == [f"{n}" for n in range(index + 1, 7)]


def test_changes_in_steps_are_all_changes_once(whole_store: Store) -> None:
    for number in range(7):
        put(whole_store, make_item(f"{number}"))
    seen: list[str] = []
    position = None
    for _ in range(10):
        step = whole_store.changes(Table.BASES, position, limit=3)
        assert len(step) <= 3
        if not step:
            break
        seen += [change.key.sk for change in step]
        position = step[-1].position
    assert seen == [f"{n}" for n in range(7)]


def test_changes_of_nothing_are_none(whole_store: Store) -> None:
    assert list(whole_store.changes(Table.BASES, None)) == []


def test_changes_are_of_one_table_only(whole_store: Store) -> None:
    put(whole_store, make_item("a"), Item(make_key("t", table=Table.TENANCY), 1, b"x"))
    assert [change.key.sk for change in whole_store.changes(Table.BASES, None)] == ["a"]
    assert [change.key.sk for change in whole_store.changes(Table.TENANCY, None)] == ["t"]


def test_a_failed_transaction_and_a_check_leave_no_change(whole_store: Store) -> None:
    put(whole_store, make_item("a"))
    with pytest.raises(ConditionFailed):
        put(whole_store, make_item("b"), make_item("a"))
    write(whole_store, Check(make_key("a"), Exists()))
    assert [change.key.sk for change in whole_store.changes(Table.BASES, None)] == ["a"]


# --- threads -----------------------------------------------------------------------------------------------
THREADS = 16
STEPS = 5


def test_a_counter_counted_by_many_threads_loses_nothing(whole_store: Store) -> None:
    put(whole_store, make_item("counter", b"0"))
    with ThreadPoolExecutor(THREADS) as threads:
        tries = list(threads.map(lambda _: count_up(whole_store), range(THREADS * STEPS)))
    counter = whole_store.get([make_key("counter")])[make_key("counter")]
    assert (counter.version, counter.data) == (1 + THREADS * STEPS, b"%d" % (THREADS * STEPS))
    assert max(tries) >= 1


def test_of_many_threads_that_take_one_name_exactly_one_wins(whole_store: Store) -> None:
    def take(number: int) -> bool:
        try:
            put(whole_store, make_item("name", b"%d" % number), make_item(f"mine-{number:02}"))
        except (ConditionFailed, Unavailable):
            return False
        return True

    with ThreadPoolExecutor(THREADS) as threads:
        winners = [number for number, won in enumerate(threads.map(take, range(THREADS))) if won]
    assert len(winners) == 1
    assert list_sks(whole_store) == [f"mine-{winners[0]:02}", "name"]


def count_up(store: Store) -> int:
    """How many tries it took."""
    for attempt in range(1, 500):
        counter = store.get([make_key("counter")])[make_key("counter")]
        after = make_item("counter", b"%d" % (int(counter.data) + 1), version=counter.version + 1)
        try:
            write(store, Put(after, VersionIs(counter.version)))
        except (ConditionFailed, Unavailable):
            continue
        return attempt
    raise AssertionError("the counter was never free")


def expect_range(first: str, after: str | None, prefix: str, descending: bool) -> list[str]:
    inside = [sk for sk in SKS if sk >= first and sk.startswith(prefix)]
    if after is not None:
        inside = [sk for sk in inside if (sk < after if descending else sk > after)]
    return sorted(inside, reverse=descending)


def read_pages(
    store: Store, *, first: str = "", prefix: str = "", limit: int | None = None, descending: bool = False
) -> list[list[str]]:
    pages: list[list[str]] = []
    after = None
    for _ in range(100):
        page = store.query(
            Table.BASES, "app1", first=first, after=after, prefix=prefix, limit=limit, descending=descending
        )
        pages.append([item.key.sk for item in page.items])
        if not page.more:
            return pages
        if page.items:
            after = page.last_sk
        else:
            return pages
    raise AssertionError("the listing does not end")
