"""Invites: a workspace and a role, offered to an address, once, for a while.

An invite's token reads workspace ``.`` invite ``.`` secret (64 hexadecimal digits)
and a CRC-32 of everything before it (8): it says where the invite lies, and one
that was mistyped costs no read. Only the SHA-256 of the secret is kept.
"""

import re
from dataclasses import dataclass
from enum import Enum

from pyairtable_common.domain.credentials import CHECK_DIGITS, checksum, digest
from pyairtable_common.domain.ids import INVITE, derived_id
from pyairtable_common.domain.permissions import Role
from pyairtable_common.domain.users import email_digest

LIFETIME_MS = 7 * 24 * 60 * 60 * 1000
MOST_PENDING = 200
"""In one workspace at a time."""

_TOKEN = re.compile(r"(wsp[0-9A-Za-z]{14})\.(inv[0-9A-Za-z]{14})\.([0-9a-f]{64})([0-9a-f]{8})")


class State(Enum):
    """What became of an invite; the value is stored."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Invite:
    """``email`` is normalised. ``digest`` is ``None`` until the link was mailed.

    ``user_id`` is who accepted. One that was answered is kept, until it would have
    expired, so that the same answer given again is known again.
    """

    id: str
    workspace_id: str
    email: str
    role: Role
    inviter_id: str
    created_ms: int
    expires_ms: int
    digest: str | None = None
    state: State = State.PENDING
    user_id: str | None = None

    def is_open(self, now_ms: int) -> bool:
        """Whether it may still be accepted."""
        return self.state is State.PENDING and now_ms < self.expires_ms


@dataclass(frozen=True, slots=True)
class InviteToken:
    """What an invite's link carries."""

    workspace_id: str
    invite_id: str
    secret: str

    @property
    def digest(self) -> str:
        return digest(self.secret)

    @property
    def text(self) -> str:
        body = f"{self.workspace_id}.{self.invite_id}.{self.secret}"
        return body + checksum(body)


def invite_id_of(workspace_id: str, email: str) -> str:
    """The id of an address' invite to a workspace: there is one at a time."""
    return derived_id(INVITE, f"{workspace_id}:{email_digest(email)}")


def parse_invite_token(text: str) -> InviteToken | None:
    """The token, if its text is whole; no read is needed."""
    match = _TOKEN.fullmatch(text)
    if match is None or match[4] != checksum(text[:-CHECK_DIGITS]):
        return None
    return InviteToken(match[1], match[2], match[3])
