"""What people and programs prove themselves with.

A personal access token reads ``pat`` + 14 characters ``.`` + 64 hexadecimal
digits, as Airtable's do. The 64 digits are the owner's id (21), a secret of 140
bits (35) and a CRC-32 of everything before it (8): a typo is refused without a
read, and one read by key finds the token. Only the SHA-256 of the text is kept.
"""

import hashlib
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pyairtable_common.domain.ids import TAIL, TOKEN, USER, base62, from_base62
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.permissions import Scope

SESSION_MS = 30 * 24 * 3600 * 1000
IDLE_MS = 14 * 24 * 3600 * 1000
_USER_DIGITS, _SECRET_DIGITS = 21, 35
CHECK_DIGITS = 8
_PERSONAL_TOKEN = re.compile(r"(pat[0-9A-Za-z]{14})\.([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a sign-in came from: what the client calls itself, and its address."""

    device: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in of one person. Times are epoch milliseconds.

    ``key``, ``digest`` and ``counter`` are the state of its refresh tokens
    (``domain.refresh_tokens``); ``used_ms`` is when they were rotated last.
    """

    id: str
    user_id: str
    created_ms: int
    expires_ms: int
    used_ms: int
    key: str
    digest: str
    counter: int
    origin: Origin

    @property
    def ends_ms(self) -> int:
        """When it is over unless it is used again."""
        return min(self.expires_ms, self.used_ms + IDLE_MS)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an account is opened with, and whether it may be.

    ``verified_ms`` is when its owner showed that they read mail at its address,
    ``changed_ms`` when the password was changed last, by the operation ``changed_by``.
    """

    password_hash: str
    verified_ms: int | None = None
    suspended_ms: int | None = None
    changed_ms: int | None = None
    changed_by: str | None = None


@dataclass(frozen=True, slots=True)
class PersonalToken:
    """A personal access token without its text. ``resources`` ``None`` is all its owner can reach."""

    id: str
    user_id: str
    name: str
    digest: str
    scopes: frozenset[Scope]
    resources: frozenset[str] | None
    created_ms: int
    expires_ms: int | None = None


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a verified access token (JWT) says."""

    user_id: str
    session_id: str


@dataclass(frozen=True, slots=True)
class VerifiedAccess:
    """A verified access token, with what only its introspection tells. Times are epoch milliseconds."""

    claims: AccessClaims
    issued_ms: int
    expires_ms: int
    token_id: str


class AccessTokens(Protocol):
    """Signs and verifies access tokens: ``at+jwt``, ES256 or EdDSA, 15 minutes."""

    lifetime_seconds: int

    def issue(self, claims: AccessClaims, now_ms: int) -> str: ...

    def verify(self, token: str, now_ms: int) -> AccessClaims | None:
        """The claims, or ``None`` if anything about the token is wrong."""
        ...

    def inspect(self, token: str, now_ms: int) -> VerifiedAccess | None:
        """The same as ``verify``, and more of what the token says."""
        ...

    def public_keys(self, now_ms: int) -> JSONObject:
        """What others need to verify, as a JWK set (RFC 7517)."""
        ...


class DerivedSecrets(Protocol):
    """Secrets computed from the installation's own, so that none of them is stored."""

    def derive(self, purpose: str, nonce: str) -> bytes:
        """32 bytes: the same each time, and unknown to whoever has not the installation's secret."""
        ...


class Passwords(Protocol):
    """Hashes passwords with argon2id."""

    def hash(self, password: str) -> str: ...

    def verify(self, hashed: str | None, password: str) -> bool:
        """Takes the same time whether there is a hash to compare with or not."""
        ...


def compose_personal_token(token_id: str, user_id: str, below: Callable[[int], int]) -> str:
    """The text of a new token; ``below`` gives a random integer below its argument."""
    owner = f"{from_base62(user_id.removeprefix(USER)):0{_USER_DIGITS}x}"
    secret = f"{below(16**_SECRET_DIGITS):0{_SECRET_DIGITS}x}"
    return f"{token_id}.{owner}{secret}{checksum(f'{token_id}.{owner}{secret}')}"


def parse_personal_token(text: str) -> tuple[str, str] | None:
    """The token's id and its owner's, if the text is whole; no read is needed."""
    match = _PERSONAL_TOKEN.fullmatch(text)
    if match is None:
        return None
    token_id, digits = match.groups()
    body, check = digits[:-CHECK_DIGITS], digits[-CHECK_DIGITS:]
    owner = int(body[:_USER_DIGITS], 16)
    if check != checksum(f"{token_id}.{body}") or owner >= 62**TAIL:
        return None
    return token_id, USER + base62(owner, TAIL)


def digest(text: str) -> str:
    """SHA-256 in hexadecimal: how secrets of high entropy are kept."""
    return hashlib.sha256(text.encode()).hexdigest()


def looks_like_personal_token(text: str) -> bool:
    return text.startswith(TOKEN) and "." in text


def checksum(text: str) -> str:
    """CRC-32 in hexadecimal: what tells a typo in a token, without a read."""
    return f"{zlib.crc32(text.encode()):0{CHECK_DIGITS}x}"
