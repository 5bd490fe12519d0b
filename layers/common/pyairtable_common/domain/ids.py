"""Identifiers: three letters that say the kind, then fourteen base-62 characters.

Source: Airtable Web API, "Identifiers". Record ids keep creation order in their
text: seven characters of milliseconds, seven that are random and increase within
a millisecond, so the natural order of a table is the order of its keys.
"""

import hashlib
import re
import secrets
from collections.abc import Callable
from threading import Lock
from typing import Protocol

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TAIL = 14
_TIME_DIGITS = 7
_TAIL_SPACE = 62 ** (TAIL - _TIME_DIGITS)
_STEP = 62**4
_TIME_SPACE = 62**_TIME_DIGITS
_EPOCH_MS = 1_577_836_800_000  # 2020-01-01; seven digits last until 2131

BASE, TABLE, FIELD, VIEW, RECORD = "app", "tbl", "fld", "viw", "rec"
USER, WORKSPACE, CHOICE, SESSION, TOKEN, INVITE = "usr", "wsp", "sel", "ses", "pat", "inv"

_ID = re.compile(r"[a-z]{3}[0-9A-Za-z]{14}")


class Ids(Protocol):
    """A source of new identifiers; a parameter, so that a test replays by seed."""

    def new(self, kind: str) -> str:
        """A fresh id of a kind, its tail random."""
        ...

    def record(self) -> str:
        """A fresh record id, greater than every one this source gave before."""
        ...


def is_id(text: str, kind: str) -> bool:
    return text.startswith(kind) and _ID.fullmatch(text) is not None


def derived_id(kind: str, seed: str) -> str:
    """The one id of a kind that belongs to a text: the same each time, and nobody else's."""
    number = int.from_bytes(hashlib.sha256(f"{kind}:{seed}".encode()).digest())
    return kind + base62(number % 62**TAIL, TAIL)


def base62(number: int, width: int) -> str:
    """``number`` in base 62, most significant first, padded to ``width`` digits."""
    digits: list[str] = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def from_base62(text: str) -> int:
    number = 0
    for character in text:
        number = number * 62 + ALPHABET.index(character)
    return number


class RandomIds:
    """Ids from a clock (epoch milliseconds) and a source of randomness below a bound."""

    def __init__(self, now_ms: Callable[[], int], below: Callable[[int], int] = secrets.randbelow) -> None:
        self._now_ms = now_ms
        self._below = below
        self._last_record = -1
        self._lock = Lock()

    def new(self, kind: str) -> str:
        return kind + base62(self._below(62**TAIL), TAIL)

    def record(self) -> str:
        elapsed = (self._now_ms() - _EPOCH_MS) % _TIME_SPACE
        with self._lock:
            fresh = elapsed * _TAIL_SPACE + self._below(_TAIL_SPACE)
            if fresh // _TAIL_SPACE <= self._last_record // _TAIL_SPACE:
                fresh = self._last_record + 1 + self._below(_STEP)
            self._last_record = fresh
            return RECORD + base62(self._last_record, TAIL)
