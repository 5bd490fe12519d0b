"""Whole partitions, page by page."""

from collections.abc import Iterator

from pyairtable_common.repositories.ports import Item, Store, Table


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
