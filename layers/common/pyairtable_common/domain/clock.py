"""Time as a parameter: epoch milliseconds in, ISO 8601 UTC out."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What time it is, and waiting; a test's clock does both without the wall's."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch, UTC."""
        ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def iso_from_ms(milliseconds: int) -> str:
    """``1663016628000`` -> ``"2022-09-12T21:03:48.000Z"``."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def ms_from_iso(text: str) -> int | None:
    """Epoch milliseconds of an ISO 8601 time that names its zone; ``None`` for any other text."""
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None else int(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
