"""More than one round trip holds: whole partitions, and any number of keys."""

from collections.abc import Iterable, Iterator, Mapping

from pyairtable_common.repositories.ports import MAX_GET_KEYS, Item, Key, Store, Table


def all_items(
    store: Store, table: Table, pk: str, *, prefix: str = "", after: str | None = None
) -> Iterator[Item]:
    """Every item of a partition (with a sort key prefix), in order; one query a page."""
    more = True
    while more:
        page = store.query(table, pk, prefix=prefix, after=after)
        yield from page.items
        more = page.more and bool(page.items)
        after = page.last_sk if page.items else after


def get_all(store: Store, keys: Iterable[Key]) -> Mapping[Key, Item]:
    """The items that exist among any number of keys; one round trip a hundred."""
    wanted = list(keys)
    found: dict[Key, Item] = {}
    for start in range(0, len(wanted), MAX_GET_KEYS):
        found.update(store.get(wanted[start : start + MAX_GET_KEYS]))
    return found
