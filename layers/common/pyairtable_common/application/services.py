"""What use cases work with: the ports, the clock, and what a container remembers."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

from pyairtable_common.application.rate_limits import RateLimiter
from pyairtable_common.application.replica import Replicas
from pyairtable_common.application.turns import Turns
from pyairtable_common.domain.clock import Clock
from pyairtable_common.domain.credentials import AccessTokens, DerivedSecrets, Passwords
from pyairtable_common.domain.ids import Ids
from pyairtable_common.domain.tables import BaseSchema
from pyairtable_common.repositories.ports import Blobs, Mail, Queue, Store

V = TypeVar("V")


class Recent(Generic[V]):
    """The ``size`` values used last, by key."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[str, V] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str) -> V | None:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: str, value: V) -> None:
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self._size:
                self._values.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Services:
    """The ports and what is remembered between requests; one per container.

    ``below`` gives a random integer below its argument, for secrets and waits.
    ``public_url`` is the root of every link; with ``require_verification`` an
    account begins when its owner has read the mail that was sent to its address.
    ``edge_proof`` is what only our own edge sends along; empty where there is none.
    ``schemas``, ``homes`` (base id to workspace id) and ``collaborations`` (who needed a role in
    the base itself) are hints: every use is checked against what the request reads anyway. ``token_uses`` is
    when this container last wrote down that a personal access token was used.
    """

    store: Store
    blobs: Blobs
    mail: Mail
    queue: Queue
    clock: Clock
    ids: Ids
    below: Callable[[int], int]
    access_tokens: AccessTokens
    passwords: Passwords
    limiter: RateLimiter
    edge_proof: str
    derived: DerivedSecrets
    public_url: str
    require_verification: bool
    schemas: Recent[BaseSchema] = field(default_factory=lambda: Recent(100))
    homes: Recent[str] = field(default_factory=lambda: Recent(10_000))
    collaborations: Recent[bool] = field(default_factory=lambda: Recent(10_000))
    token_uses: Recent[int] = field(default_factory=lambda: Recent(10_000))
    turns: Turns = field(default_factory=Turns)
    replicas: Replicas = field(default_factory=Replicas)
