"""The ports: what storage, files, mail and queues must do, and nothing more.

``Store`` is an ordered key-value store with conditional transactions and a
change stream: what DynamoDB is good at. Every partition key begins with the id
of the scope that owns it (``app…``, ``wsp…``, ``usr…``), optionally followed by
``#`` and a sub-collection, so tenant isolation is a property of the key.

One suite, ``tests/engines``, runs on every engine.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeAlias

from pyairtable_common.domain.rate_limits import Limit, Taken

MAX_TRANSACTION_ITEMS = 100
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
MAX_ITEM_BYTES = 400 * 1024
MAX_GET_KEYS = 100
MAX_PK_BYTES = 2048
MAX_SK_BYTES = 1024


class Table(Enum):
    """The three tables; the value is the logical name, engines add their own prefix."""

    IDENTITY = "identity"
    TENANCY = "tenancy"
    BASES = "bases"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True, order=False)
class Key:
    """Where an item lies."""

    table: Table
    pk: str
    sk: str

    @property
    def owner(self) -> str:
        """The id of the scope that owns the item: the partition key up to the first ``#``."""
        return self.pk.partition("#")[0]


@dataclass(frozen=True, slots=True)
class Item:
    """One stored item.

    ``version`` is what conditions compare, ``data`` is opaque to the engine,
    ``expires_at`` is epoch seconds after which the item is as good as gone (the
    engine may still return it for a while: readers check).
    """

    key: Key
    version: int
    data: bytes
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Absent:
    """The item must not exist."""


@dataclass(frozen=True, slots=True)
class VersionIs:
    """The item must exist with exactly this version."""

    version: int


@dataclass(frozen=True, slots=True)
class Exists:
    """The item must exist, whatever its version."""


Expectation: TypeAlias = Absent | VersionIs | Exists


@dataclass(frozen=True, slots=True)
class Put:
    """Write the whole item if ``expect`` holds. There is no unconditional put."""

    item: Item
    expect: Expectation

    @property
    def key(self) -> Key:
        return self.item.key


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the item if ``expect`` holds."""

    key: Key
    expect: Expectation


@dataclass(frozen=True, slots=True)
class Check:
    """Write nothing, but fail the transaction unless ``expect`` holds."""

    key: Key
    expect: Expectation


Write: TypeAlias = Put | Delete | Check


@dataclass(frozen=True, slots=True)
class Page:
    """Items of one partition in the order asked for; ``more`` when the range goes on.

    ``more`` may be true with fewer items than asked for (DynamoDB ends a page at
    1 MB) and, rarely, with nothing left: ask again after ``last_sk``.
    """

    items: Sequence[Item]
    more: bool

    @property
    def last_sk(self) -> str:
        return self.items[-1].key.sk


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the change stream: the item after it (``None`` when deleted)."""

    position: str
    key: Key
    item: Item | None


class StoreError(Exception):
    """What can go wrong in an engine; the layer above decides what it means."""


class ConditionFailed(StoreError):
    """At least one expectation did not hold; nothing was written.

    ``failed`` holds the keys of the writes whose expectation did not hold.
    """

    def __init__(self, failed: Sequence[Key]) -> None:
        super().__init__(f"{len(failed)} condition(s) failed")
        self.failed = tuple(failed)


class Unavailable(StoreError):
    """The engine could not answer (throttled, conflict, timeout, outage).

    A write may or may not have happened: the caller reads back before it tries again.
    """


class TooLarge(StoreError):
    """An item or transaction is over the engine's limits; nothing was written."""


class Store(Protocol):
    """An ordered key-value store with conditional transactions and a change stream.

    All reads are strongly consistent. Methods are safe to call from several threads.
    """

    def get(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """The items that exist among ``keys`` (<= 100, of any tables), in one round trip."""
        ...

    def query(
        self,
        table: Table,
        pk: str,
        *,
        first: str = "",
        after: str | None = None,
        prefix: str = "",
        limit: int | None = None,
        descending: bool = False,
    ) -> Page:
        """Items of one partition by sort key, one page, in one round trip.

        ``first`` is an inclusive lower bound. ``after`` is exclusive and continues
        a listing in its direction. ``prefix`` keeps sort keys that start with it; it
        is a range, not a filter. ``limit`` bounds the items of this page.
        """
        ...

    def transact(self, writes: Sequence[Write], token: str) -> None:
        """All writes or none. At most one write per key; <= 100 items, 4 MB, 400 KB an item.

        ``token`` (<= 36 characters) makes a repeat of the *same* writes within ten
        minutes harmless where the engine supports it; callers do not rely on it alone.

        Raises ``ConditionFailed``, ``TooLarge`` or ``Unavailable``.
        """
        ...

    def changes(self, table: Table, after: str | None, limit: int = 100) -> Sequence[Change]:
        """Changes of one table after a position (``None``: from the oldest kept), in commit order."""
        ...


class Counters(Protocol):
    """Permits shared by all containers. Methods are safe to call from several threads."""

    def take(self, name: str, amount: int, limit: Limit, now_ms: int) -> Taken:
        """Takes up to ``amount`` permits of the window of ``name``, as ``domain.rate_limits.take_from`` does.

        However many call at once, and whatever is retried or fails in between, no window grants more
        than ``limit.permits``; it may grant less, since an answer that is lost loses its permits.
        Raises ``Unavailable``.
        """
        ...

    def clear(self, name: str) -> None:
        """Forgets what was taken: the next window of ``name`` is empty. Raises ``Unavailable``."""
        ...


class Blobs(Protocol):
    """Files by key (S3, or a folder). Keys are ``/``-separated and begin with the owner's id."""

    def put(self, key: str, data: bytes, content_type: str) -> None: ...

    def get(self, key: str) -> bytes | None: ...

    def delete(self, key: str) -> None: ...

    def keys(self, prefix: str) -> Iterator[str]: ...


@dataclass(frozen=True, slots=True)
class Message:
    """An e-mail to one person, as plain text and, where it has one, HTML."""

    to: str
    subject: str
    text: str
    html: str | None = None


class Mail(Protocol):
    """Sends mail (SES), or keeps it in a folder."""

    def send(self, message: Message) -> None: ...


@dataclass(frozen=True, slots=True)
class Job:
    """A message taken from a queue; invisible to others until ``visible_at`` or acknowledged."""

    receipt: str
    body: bytes
    attempts: int


class Queue(Protocol):
    """At-least-once work queues (SQS, or a table in the same SQLite file)."""

    def send(self, queue: str, body: bytes, delay_seconds: int = 0) -> None: ...

    def receive(self, queue: str, limit: int = 10, visibility_seconds: int = 30) -> Sequence[Job]: ...

    def acknowledge(self, queue: str, receipt: str) -> None: ...


def item_size(item: Item) -> int:
    """Bytes an item takes in DynamoDB, never under: attribute names and values."""
    names = len("pk") + len("sk") + len("v") + len("ttl") + len("data")
    keys = len(item.key.pk.encode()) + len(item.key.sk.encode())
    return names + keys + 21 + 21 + len(item.data)


def is_storable(key: Key) -> bool:
    """Whether an item can lie there at all: both parts have text, but not too much of it."""
    return 0 < len(key.pk.encode()) <= MAX_PK_BYTES and 0 < len(key.sk.encode()) <= MAX_SK_BYTES


def check_limits(writes: Sequence[Write]) -> None:
    """Raises ``TooLarge`` or ``ValueError`` for a transaction that no engine may take."""
    keys = {write.key for write in writes}
    if not writes or len(keys) != len(writes):
        raise ValueError("a transaction has writes, at most one for each key")
    if not all(map(is_storable, keys)):
        raise TooLarge(f"a key is empty, or over {MAX_PK_BYTES} or {MAX_SK_BYTES} bytes")
    sizes = [item_size(write.item) for write in writes if isinstance(write, Put)]
    if len(writes) > MAX_TRANSACTION_ITEMS or sum(sizes) > MAX_TRANSACTION_BYTES:
        raise TooLarge(f"{len(writes)} writes of {sum(sizes)} bytes")
    if max(sizes, default=0) > MAX_ITEM_BYTES:
        raise TooLarge(f"an item of {max(sizes)} bytes")
