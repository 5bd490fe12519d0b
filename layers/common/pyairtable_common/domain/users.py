"""People: their accounts and how they are called."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from pyairtable_common.domain.errors import Invalid

LONGEST_NAME = 255
_LONGEST_EMAIL = 254
_LONGEST_READ = 1000
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


@dataclass(frozen=True, slots=True)
class User:
    """An account. ``email`` is normalised, ``created_ms`` epoch milliseconds."""

    id: str
    email: str
    name: str
    created_ms: int


@dataclass(frozen=True, slots=True)
class Registration:
    """What an e-mail address was taken by: enough to answer a repeated sign-up again."""

    user_id: str
    workspace_id: str
    operation_id: str


def normalised_email(text: str) -> str:
    """One spelling for one address. Raises ``Invalid`` for what has not the shape of an address."""
    address = canonical_email(text)
    if len(address.encode()) > _LONGEST_EMAIL or not _EMAIL.fullmatch(address) or not address.isprintable():
        raise Invalid("email", "must be an e-mail address")
    return address


def canonical_email(text: str) -> str:
    """The same spelling, whatever the text is: for looking up. Nothing, for what is far too long."""
    return "" if len(text) > _LONGEST_READ else unicodedata.normalize("NFC", text.strip().lower())


def email_digest(address: str) -> str:
    """SHA-256 of a normalised address: what its uniqueness is kept by."""
    return hashlib.sha256(address.encode()).hexdigest()


def clean_title(parameter: str, text: str) -> str:
    """A name of a person, workspace or token, without surrounding space. Raises ``Invalid``."""
    name = "" if len(text) > _LONGEST_READ else unicodedata.normalize("NFC", text).strip()
    if not name or len(name) > LONGEST_NAME:
        raise Invalid(parameter, f"must have 1 to {LONGEST_NAME} characters")
    if any(unicodedata.category(character) == "Cc" for character in name):
        raise Invalid(parameter, "must not contain control characters")
    return name
