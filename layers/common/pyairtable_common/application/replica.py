"""Images of tables in the container, brought up to date by the base's log.

An image is built by reading a table once. After that, one strongly consistent
query for the events after its sequence makes it current: any order of a table
costs one round trip, and what was just written is there.
"""

from collections import OrderedDict
from collections.abc import Sequence
from operator import itemgetter
from threading import Lock

from pyairtable_common.domain.bases import Base
from pyairtable_common.domain.events import Event, Kind
from pyairtable_common.domain.query.sorting import Place, Sort, place_of
from pyairtable_common.domain.records import Record
from pyairtable_common.repositories import event_log, keys
from pyairtable_common.repositories.documents import text
from pyairtable_common.repositories.pages import all_items
from pyairtable_common.repositories.ports import Store, Table
from pyairtable_common.repositories.records import changes_of, record_of, replayed

_MOST_RECORDS = 400_000

Ordered = Sequence[tuple[Place, Record]]


class Image:
    """The records of one table as of ``sequence``; not safe without its ``lock``."""

    def __init__(self, base_id: str, table_id: str) -> None:
        self.lock = Lock()
        self.sequence = 0
        self._base_id = base_id
        self._table_id = table_id
        self._records: dict[str, Record] = {}
        self._orders: dict[tuple[Sort, ...], Ordered] = {}

    def __len__(self) -> int:
        return len(self._records)

    def bring_up_to(self, store: Store, base: Base) -> None:
        """Makes the image at least as new as ``base``."""
        if self.sequence == 0:
            self._build(store, base)
        elif self.sequence < base.sequence:
            news = event_log.read_events(store, Table.BASES, self._base_id, self.sequence, base.sequence)
            for event in news:
                self._apply(event)

    def ordered(self, sorts: tuple[Sort, ...]) -> Ordered:
        """All records with their places, by place."""
        if sorts not in self._orders:
            placed = [(place_of(record, sorts), record) for record in self._records.values()]
            self._orders[sorts] = sorted(placed, key=itemgetter(0))
        return self._orders[sorts]

    def _build(self, store: Store, base: Base) -> None:
        partition = keys.records(self._base_id, self._table_id)
        for item in all_items(store, Table.BASES, partition):
            self._records[item.key.sk] = record_of(item)
        self.sequence = base.sequence

    def _apply(self, event: Event) -> None:
        if event.kind is Kind.RECORDS_CHANGED and text(event.data, "table") == self._table_id:
            for record_id, change in changes_of(event.data).items():
                record = self._records.get(record_id)
                if record is None or record.version < event.sequence:
                    self._keep(record_id, replayed(record, record_id, change, event.sequence))
            self._orders.clear()
        self.sequence = event.sequence

    def _keep(self, record_id: str, record: Record | None) -> None:
        if record is None:
            self._records.pop(record_id, None)
        else:
            self._records[record_id] = record


class Replicas:
    """The images used last, within a bound on their records."""

    def __init__(self, most_records: int = _MOST_RECORDS) -> None:
        self._most_records = most_records
        self._images: OrderedDict[str, Image] = OrderedDict()
        self._lock = Lock()

    def ordered(self, store: Store, base: Base, table_id: str, sorts: tuple[Sort, ...]) -> Ordered:
        """The table's records in this order, at least as new as ``base``."""
        image = self._image(base.id, table_id)
        with image.lock:
            image.bring_up_to(store, base)
            ordered = image.ordered(sorts)
        self._shrink()
        return ordered

    def _image(self, base_id: str, table_id: str) -> Image:
        name = keys.records(base_id, table_id)
        with self._lock:
            image = self._images.setdefault(name, Image(base_id, table_id))
            self._images.move_to_end(name)
            return image

    def _shrink(self) -> None:
        with self._lock:
            while len(self._images) > 1 and sum(map(len, self._images.values())) > self._most_records:
                self._images.popitem(last=False)
