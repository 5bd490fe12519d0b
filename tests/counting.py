"""Counters that remember what was asked of them, and can be away."""

from pyairtable_common.domain.rate_limits import Limit, Taken
from pyairtable_common.repositories.ports import Counters, Unavailable


class CountingCounters:
    """Passes every call on to ``counters``; ``asked`` are the names that permits were asked of."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self.asked: list[str] = []
        self.away = False

    def take(self, name: str, amount: int, limit: Limit, now_ms: int) -> Taken:
        self._ask(name)
        return self._counters.take(name, amount, limit, now_ms)

    def clear(self, name: str) -> None:
        self._ask(name)
        self._counters.clear(name)

    def _ask(self, name: str) -> None:
        self.asked.append(name)
        if self.away:
            raise Unavailable("away")
