"""Turns: the writers of one process line up for a base instead of colliding."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock


class Turns:
    """Writers of one base, one at a time, first come, first served."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._queues: dict[str, deque[Event]] = {}

    def are_taken(self, key: str) -> bool:
        """Whether somebody writes in turn just now."""
        with self._guard:
            return key in self._queues

    @contextmanager
    def of(self, key: str, seconds: float) -> Iterator[bool]:
        """Waits for the caller's turn; gives whether it came in so many seconds."""
        turn = Event()
        with self._guard:
            queue = self._queues.setdefault(key, deque())
            queue.append(turn)
            queue[0].set()
        try:
            yield turn.wait(seconds)
        finally:
            with self._guard:
                queue.remove(turn)
                if queue:
                    queue[0].set()
                else:
                    del self._queues[key]
