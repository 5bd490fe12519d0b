"""Finding people by how they are called, whatever accents and case somebody types."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from pyairtable_common.domain.users import User

_WORD = re.compile(r"[^\W_]+")
_UNDIVIDED = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
"""Letters that Unicode does not take apart, though people type the plain one."""


@dataclass(frozen=True, slots=True)
class NameQuery:
    """Words that must all be found. No words: everybody."""

    words: Sequence[str]
    with_email: bool

    def matches(self, user: User) -> bool:
        """Each word begins a word of the name (or, ``with_email``, of the address)."""
        there = words_of(user.name)
        if self.with_email:
            there = [*there, *words_of(user.email)]
        return all(any(word.startswith(wanted) for word in there) for wanted in self.words)


def words_of(text: str) -> Sequence[str]:
    """Its words without accents and case: ``Éloïse O'Hara`` is ``eloise``, ``o``, ``hara``."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(character for character in apart if not unicodedata.combining(character))
    return _WORD.findall(plain.translate(_UNDIVIDED))
