"""Second factors: one-time passwords by time (RFC 6238), and recovery codes for when the device is lost."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

ISSUER = "PyAirtable"
STEP_SECONDS, DIGITS = 30, 6
SECRET_BYTES = 20
RECOVERY_CODES, RECOVERY_BYTES = 10, 10
_LONGEST_CODE = 64
_MOST_FAILURES, _WINDOW_MS = 5, 15 * 60 * 1000


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """A person's authenticator; it counts once ``confirmed``.

    ``nonce`` and ``recovery_nonce`` are what its secret and its recovery codes are
    derived from. ``last_step`` is the newest time step a code was taken of;
    ``recovery`` are the digests of the codes not used yet. ``failures`` are the
    wrong codes since ``failing_since_ms``. ``mark`` names the latest write.
    """

    user_id: str
    nonce: str
    mark: str
    confirmed: bool = False
    last_step: int = 0
    recovery_nonce: str = ""
    recovery: tuple[str, ...] = ()
    failures: int = 0
    failing_since_ms: int = 0

    def blocked_ms(self, now_ms: int) -> int:
        """How long no one-time password is taken after too many wrong ones; 0 if they are."""
        left = self.failing_since_ms + _WINDOW_MS - now_ms
        return max(0, left) if self.failures >= _MOST_FAILURES else 0

    def failed(self, now_ms: int) -> "SecondFactor":
        """After one more wrong code; old failures are forgotten."""
        if now_ms >= self.failing_since_ms + _WINDOW_MS:
            return replace(self, failures=1, failing_since_ms=now_ms)
        return replace(self, failures=self.failures + 1)

    def after_password(self, code: str, secret: bytes, now_ms: int) -> "SecondFactor | None":
        """After this one-time password, of now or one step beside; ``None`` if it is wrong or was used."""
        now = now_ms // 1000 // STEP_SECONDS
        for step in (now - 1, now, now + 1):
            if step > self.last_step and hmac.compare_digest(totp(secret, step).encode(), code.encode()):
                return replace(self, last_step=step, failures=0)
        return None

    def after_recovery(self, digest: str) -> "SecondFactor | None":
        """After the recovery code of this digest, which is worth nothing from now on."""
        left = tuple(one for one in self.recovery if one != digest)
        return None if len(left) == len(self.recovery) else replace(self, recovery=left, failures=0)


def totp(secret: bytes, step: int, digits: int = DIGITS, algorithm: str = "sha1") -> str:
    """The one-time password of a time step (RFC 6238, RFC 4226 section 5.3).

    >>> totp(b"12345678901234567890", 59 // 30, digits=8)
    '94287082'
    """
    digest = hmac.digest(secret, step.to_bytes(8), getattr(hashlib, algorithm))
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}}"


def canonical_code(text: str) -> str:
    """A code without what people put between its characters; nothing for what is far too long."""
    return "" if len(text) > _LONGEST_CODE else text.replace(" ", "").replace("-", "").lower()


def is_one_time_password(code: str) -> bool:
    """Whether a canonical code has the form of one, rather than of a recovery code."""
    return len(code) == DIGITS and code.isascii() and code.isdigit()


def recovery_code(entropy: bytes) -> str:
    """80 bits for people to write down: ``abcd-efgh-ijkl-mnop``."""
    text = base64.b32encode(entropy[:RECOVERY_BYTES]).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def secret_text(secret: bytes) -> str:
    """Base32, as authenticators take it by hand."""
    return base64.b32encode(secret).decode().rstrip("=")


def provisioning_uri(secret: bytes, email: str) -> str:
    """What an authenticator reads from a QR code (Key URI format)."""
    label = quote(f"{ISSUER}:{email}", safe="@")
    settings = {"issuer": ISSUER, "algorithm": "SHA1", "digits": DIGITS, "period": STEP_SECONDS}
    return f"otpauth://totp/{label}?{urlencode({'secret': secret_text(secret), **settings})}"
