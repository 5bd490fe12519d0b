"""Admitting requests: a container takes permits from the shared counters, several at once, and spends them.

No window admits more than its limit over all containers. A container remembers a
refusal as long as it holds, so that a caller who goes on costs nothing.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

from pyairtable_common.domain.clock import Clock
from pyairtable_common.domain.errors import RateLimited
from pyairtable_common.domain.rate_limits import Limit, Profile, Taken, Window, take_from
from pyairtable_common.repositories.ports import Counters, Unavailable

_MOST_REMEMBERED = 10_000
_MOST_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Budget:
    """One counter and its limit."""

    name: str
    limit: Limit


class RateLimiter:
    """One per container. ``on_outage`` is told of every question that the shared counters left open.

    While they are away, each container applies the limits by itself: requests go
    on, and what gets in is at most the limit times the number of containers.
    """

    def __init__(
        self, counters: Counters, clock: Clock, profile: Profile, on_outage: Callable[[], None] = lambda: None
    ) -> None:
        self.profile = profile
        self._counters = counters
        self._clock = clock
        self._on_outage = on_outage
        self._leases = _Leases(_MOST_REMEMBERED)
        self._own = _OwnCounters(_MOST_REMEMBERED)
        self._together = ThreadPoolExecutor(_MOST_AT_ONCE, "rate-limits")

    def admit(self, budgets: Sequence[Budget]) -> None:
        """Spends a permit of each budget; what has to be asked of the counters is asked at once.

        Raises ``RateLimited`` if one budget is exhausted: then the others may have lost a permit.
        """
        now = self._clock.now_ms()
        for budget in budgets:
            self._leases.require(budget.name, now)
        wanted = [budget for budget in budgets if not self._leases.spend(budget.name, now)]
        everywhere = self._together.map if len(wanted) > 1 else map
        asked = list(everywhere(lambda budget: self._ask(budget, budget.limit.lease, now), wanted))
        for budget, answer in zip(wanted, asked, strict=True):
            taken = answer or self._alone(budget, budget.limit.lease, now)
            self._leases.keep(budget.name, taken, now)

    def reserve(self, budget: Budget) -> None:
        """One permit, straight from the shared counter, for what must be exact. Raises ``RateLimited``."""
        now = self._clock.now_ms()
        taken = self._ask(budget, 1, now) or self._alone(budget, 1, now)
        if not taken.granted:
            raise RateLimited(taken.ends_ms, now)

    def clear(self, name: str) -> None:
        """Forgets what was reserved, as far as the counters can be reached."""
        try:
            self._counters.clear(name)
        except Unavailable:
            self._on_outage()

    def remember(self, name: str, refused: RateLimited) -> None:
        """From now on, and as long as it holds, ``require`` raises this refusal."""
        self._leases.refuse(name, refused.until_ms)

    def require(self, name: str) -> None:
        """Raises ``RateLimited`` if this container remembers a refusal; asks nobody."""
        self._leases.require(name, self._clock.now_ms())

    def _ask(self, budget: Budget, amount: int, now_ms: int) -> Taken | None:
        """What the shared counters say, if they say something."""
        try:
            return self._counters.take(budget.name, amount, budget.limit, now_ms)
        except Unavailable:
            return None

    def _alone(self, budget: Budget, amount: int, now_ms: int) -> Taken:
        self._on_outage()
        return self._own.take(budget.name, amount, budget.limit, now_ms)


class _Leases:
    """Permits taken and not spent yet, and refusals: by counter, those used last."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: OrderedDict[str, Taken] = OrderedDict()
        self._turn = Lock()

    def spend(self, name: str, now_ms: int) -> bool:
        """One permit of the lease, if there is one."""
        with self._turn:
            held = self._held.get(name)
            if held is None or held.ends_ms <= now_ms or not held.granted:
                return False
            self._spent(name, held)
            return True

    def keep(self, name: str, taken: Taken, now_ms: int) -> None:
        """Spends one permit of what was just taken. Raises ``RateLimited`` if nothing was."""
        with self._turn:
            held = self._held.get(name)
            also = held.granted if held is not None and held.ends_ms == taken.ends_ms else 0
            if not taken.granted + also:
                self._put(name, taken)
                raise RateLimited(taken.ends_ms, now_ms)
            self._spent(name, Taken(taken.granted + also, taken.ends_ms))

    def refuse(self, name: str, until_ms: int) -> None:
        with self._turn:
            self._put(name, Taken(0, until_ms))

    def require(self, name: str, now_ms: int) -> None:
        """Raises ``RateLimited`` if a refusal is known."""
        with self._turn:
            held = self._held.get(name)
        if held is not None and not held.granted and held.ends_ms > now_ms:
            raise RateLimited(held.ends_ms, now_ms)

    def _spent(self, name: str, held: Taken) -> None:
        if held.granted > 1:
            self._put(name, Taken(held.granted - 1, held.ends_ms))
        else:
            self._held.pop(name, None)

    def _put(self, name: str, taken: Taken) -> None:
        self._held[name] = taken
        self._held.move_to_end(name)
        if len(self._held) > self._size:
            self._held.popitem(last=False)


class _OwnCounters:
    """This container's own counting, for as long as nobody can ask the shared counters."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._windows: OrderedDict[str, Window] = OrderedDict()
        self._turn = Lock()

    def take(self, name: str, amount: int, limit: Limit, now_ms: int) -> Taken:
        with self._turn:
            window, taken = take_from(self._windows.get(name), amount, limit, now_ms)
            self._windows[name] = window
            self._windows.move_to_end(name)
            if len(self._windows) > self._size:
                self._windows.popitem(last=False)
        return taken
