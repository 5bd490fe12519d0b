"""Which faults are tried after which: all pairs at night, an even third of them in every run."""

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

NIGHTLY = "PYAIRTABLE_NIGHTLY"
_EVERY = 3


def pairs(faults: Sequence[T]) -> Sequence[tuple[T, T]]:
    """A fault in the first attempt and one in the repeat; each fault comes first and comes second."""
    step = 1 if os.environ.get(NIGHTLY) else _EVERY
    return [
        (first, second)
        for row, first in enumerate(faults)
        for column, second in enumerate(faults)
        if (row + column) % step == 0
    ]
