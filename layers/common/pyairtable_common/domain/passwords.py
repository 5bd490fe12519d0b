"""Which passwords are taken (NIST SP 800-63B-4): long ones, of any characters, that nobody guesses first."""

import gzip
import unicodedata
from functools import cache
from pathlib import Path

from pyairtable_common.domain.errors import Invalid

SHORTEST, LONGEST_BYTES = 15, 1000
_FEWEST_DIFFERENT, _MOST_SYMBOLS = 5, 2
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "12345678901234567890",
    "qwertyuiopasdfghjklzxcvbnm",
    "1234567890qwertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "qazwsxedcrfvtgbyhnujm",
    "zxcvbnmasdfghjklqwertyuiop",
)
# Letters and digits alone: "p@ssword" is there as "pssword".
_COMMON_WORDS = frozenset(
    (
        "password", "passwort", "passw0rd", "pssw0rd", "pssword", "letmein", "welcome", "qwerty", "qwertz",
        "azerty", "admin", "administrator", "login", "master", "dragon", "monkey", "football", "baseball",
        "iloveyou", "sunshine", "princess", "superman", "batman", "pokemon", "starwars", "trustno", "secret",
        "changeme", "default", "abc", "abcd", "asdf", "asdfgh", "zxcvbn", "zxcvbnm", "hello", "shadow",
        "michael", "jennifer", "computer", "internet", "whatever", "freedom", "charlie", "test", "user",
        "my", "the", "is", "a", "i", "pyairtable", "airtable",
    )
)  # fmt: skip
_COMMON_PHRASES = frozenset(
    (
        "correcthorsebatterystaple", "thequickbrownfox", "thequickbrownfoxjumpsoverthelazydog",
        "loremipsumdolorsitamet", "maytheforcebewithyou", "tobeornottobe", "iloveyouverymuch",
        "iloveyousomuch", "nevergonnagiveyouup", "supercalifragilisticexpialidocious",
        "allyourbasearebelongtous",
        "opensesameopensesame", "youshallnotpass", "winteriscoming", "onceuponatime", "mypasswordissecret",
    )
)  # fmt: skip


def normalised_password(text: str) -> str:
    """One spelling for what looks alike (NFKC); what is hashed and compared."""
    return unicodedata.normalize("NFKC", text)


def acceptable_password(text: str, *personal: str) -> str:
    """The normalised password, if it is long and not one of those tried first.

    ``personal`` are texts known of the person, such as name and address. Raises
    ``Invalid`` with the reason; the password is never quoted.
    """
    if len(text.encode()) > LONGEST_BYTES:
        raise Invalid("password", f"must have at most {LONGEST_BYTES} bytes")
    password = normalised_password(text)
    if len(password) < SHORTEST:
        raise Invalid("password", f"must have at least {SHORTEST} characters")
    if is_guessable(password, *personal):
        raise Invalid("password", "is too easy to guess")
    return password


def is_guessable(password: str, *personal: str) -> bool:
    """True for repetitions, keyboard rows, common words and phrases, and the person's own texts.

    One or two kinds of symbols between the letters do not make a text another one.
    """
    letters = letters_of(password)
    if len(set(password)) < _FEWEST_DIFFERENT or _is_repetition(password.casefold()):
        return True
    if not letters or len(set(password.casefold()) - set(letters)) > _MOST_SYMBOLS:
        return False
    known = {letters_of(text) for text in personal} | {
        letters_of(text.partition("@")[0]) for text in personal
    }
    return (
        _is_repetition(letters)
        or any(letters in row * 2 or letters in row[::-1] * 2 for row in _ROWS)
        or letters in _COMMON_PHRASES
        or (not letters.isdigit() and _is_made_of(letters, _COMMON_WORDS | (known - {""})))
        or _is_common(letters)
    )


@cache
def common_passwords() -> frozenset[str]:
    """What leaked most often, by ``letters_of``; read where a password is set, and once."""
    return frozenset(gzip.decompress(common_passwords_path().read_bytes()).decode().split("\n"))


def common_passwords_path() -> Path:
    """Where the list lies; ``infra/common_passwords.py`` writes it."""
    return Path(__file__).with_name("common_passwords.txt.gz")


def letters_of(text: str) -> str:
    """Letters and digits alone, in one case: what common passwords are compared by."""
    return "".join(character for character in text.casefold() if character.isalnum())


def _is_common(letters: str) -> bool:
    """One or two common passwords on end, with or without digits around them."""
    common = common_passwords()
    wanted = {letters, letters.strip("0123456789")}
    halves = [(word[:cut], word[cut:]) for word in wanted for cut in range(len(word))]
    return any(second in common and (not first or first in common) for first, second in halves)


def _is_repetition(text: str) -> bool:
    """True for a text that is a shorter one several times over, cut off anywhere."""
    return any(
        text == (text[:length] * (len(text) // length + 1))[: len(text)]
        for length in range(1, len(text) // 2 + 1)
    )


def _is_made_of(text: str, words: frozenset[str]) -> bool:
    """True if common words, digits between and after them, make up the whole text."""
    reachable = {0}
    for start in range(len(text)):
        if start in reachable:
            if text[start].isdigit():
                reachable.add(start + 1)
            reachable.update(start + len(word) for word in words if text.startswith(word, start))
    return len(text) in reachable
