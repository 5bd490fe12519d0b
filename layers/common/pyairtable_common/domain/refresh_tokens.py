"""Refresh tokens: one session, a counter, and a chain of secrets.

A token reads ``ref`` + 14 characters of the user's id + 14 of the session's +
``.`` counter ``.`` + a secret (64 hexadecimal digits) + a CRC-32 of everything
before it (8): a typo is refused without a read.

Each rotation makes the next secret from the last one with the session's key
(HMAC-SHA256). The session keeps the key and the digest of the current secret:
who reads the database has no secret to go on from, who stole a token that was
used already cannot make its successor without the key, and a client that lost
an answer gets the very same successor again.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import Enum

from pyairtable_common.domain.credentials import CHECK_DIGITS, Session, checksum, digest
from pyairtable_common.domain.ids import SESSION, USER

GRACE_MS = 10_000
MOST_ROTATIONS = 50_000
"""More than one a minute for as long as a session can live; it bounds how long a chain is to check."""

_TOKEN = re.compile(
    r"ref([0-9A-Za-z]{14})([0-9A-Za-z]{14})\.(0|[1-9][0-9]{0,5})\.([0-9a-f]{64})([0-9a-f]{8})"
)


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """One link of a session's chain."""

    user_id: str
    session_id: str
    counter: int
    secret: str

    @property
    def text(self) -> str:
        owner, session = self.user_id.removeprefix(USER), self.session_id.removeprefix(SESSION)
        body = f"ref{owner}{session}.{self.counter}.{self.secret}"
        return body + checksum(body)


class Verdict(Enum):
    """What a token that came in is to a session."""

    CURRENT = "the newest: its successor is due"
    PARENT = "the one before the newest, a moment ago: the answer was lost"
    REUSED = "an older one: two parties have had it"
    FORGED = "none of this session's"


def parse_refresh_token(text: str) -> RefreshToken | None:
    """The token, if its text is whole; no read is needed."""
    match = _TOKEN.fullmatch(text)
    if match is None or not text.isascii():
        return None
    owner, session, counter, secret, check = match.groups()
    if check != checksum(text[:-CHECK_DIGITS]):
        return None
    return RefreshToken(USER + owner, SESSION + session, int(counter), secret)


def successor(key: str, token: RefreshToken) -> RefreshToken:
    """The token after this one: always the same one."""
    counter = token.counter + 1
    message = f"{token.session_id}.{counter}.{token.secret}".encode()
    secret = hmac.new(bytes.fromhex(key), message, hashlib.sha256).hexdigest()
    return RefreshToken(token.user_id, token.session_id, counter, secret)


def judge(session: Session, token: RefreshToken, now_ms: int) -> Verdict:
    """Follows the chain from the token to the session's newest."""
    rotations = session.counter - token.counter
    if rotations < 0:
        return Verdict.FORGED
    newest = token
    for _ in range(rotations):
        newest = successor(session.key, newest)
    if not hmac.compare_digest(digest(newest.secret), session.digest):
        return Verdict.FORGED
    if rotations == 0:
        return Verdict.CURRENT
    recent = rotations == 1 and now_ms - session.used_ms <= GRACE_MS
    return Verdict.PARENT if recent else Verdict.REUSED
