"""Links in mail: each opens one thing, once, for a while.

A link's token reads owner ``.`` name ``.`` secret (64 hexadecimal digits) and a
CRC-32 of everything before it (8). The owner is a user, or the digest of an
address that has no account yet. Only the SHA-256 of the secret is kept.
"""

import re
from dataclasses import dataclass

from pyairtable_common.domain.credentials import CHECK_DIGITS, checksum, digest

RESET, VERIFICATION, REGISTRATION = "reset", "verify", "reg"
RESET_MS = 60 * 60 * 1000
VERIFICATION_MS = 24 * 60 * 60 * 1000

_TOKEN = re.compile(
    r"(usr[0-9A-Za-z]{14}|email:[0-9a-f]{64})\.(reset|verify|reg[0-9A-Za-z]{14})\.([0-9a-f]{64})([0-9a-f]{8})"
)


@dataclass(frozen=True, slots=True)
class LinkToken:
    """What a link carries. ``owner`` and ``name`` say where its ``Link`` is kept."""

    owner: str
    name: str
    secret: str

    @property
    def digest(self) -> str:
        return digest(self.secret)

    @property
    def text(self) -> str:
        body = f"{self.owner}.{self.name}.{self.secret}"
        return body + checksum(body)


@dataclass(frozen=True, slots=True)
class Link:
    """An outstanding link. ``digest`` is ``None`` until it was mailed; ``expires_ms`` epoch milliseconds."""

    digest: str | None
    expires_ms: int


@dataclass(frozen=True, slots=True)
class PendingAccount:
    """An account that begins when its link is followed."""

    link: Link
    email: str
    name: str
    password_hash: str


def parse_link_token(text: str) -> LinkToken | None:
    """The token, if its text is whole; no read is needed."""
    match = _TOKEN.fullmatch(text)
    if match is None or match[4] != checksum(text[:-CHECK_DIGITS]):
        return None
    return LinkToken(match[1], match[2], match[3])
