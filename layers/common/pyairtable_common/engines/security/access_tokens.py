"""``AccessTokens`` as JSON Web Tokens (RFC 9068, RFC 8725): signed by a key of our own, or refused.

PyJWT checks the signature. Everything about form and claims is checked here, and
more strictly: it takes numeric strings for times, any lifetime, and header members
we never write.
"""

import base64
import binascii
import json
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyairtable_common.domain.credentials import AccessClaims, VerifiedAccess
from pyairtable_common.domain.ids import SESSION, USER, is_id
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue, is_object
from pyairtable_common.engines.security.key_rotation import KEPT_MS, LIFETIME_MS, may_have_signed, verifies
from pyairtable_common.engines.security.signing_keys import (
    ALGORITHM,
    KeysUnavailable,
    SigningKey,
    SigningKeys,
    base64url,
)
from pyairtable_common.repositories.documents import integer, text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

AUDIENCE = "pyairtable"
LIFETIME_SECONDS = LIFETIME_MS // 1000
_TYPE = "at+jwt"
_LEEWAY_SECONDS = 5
_LONGEST = 2048
_HEADER = frozenset({"typ", "alg", "kid"})
_CLAIMS = frozenset({"iss", "aud", "sub", "sid", "iat", "exp", "jti"})
_FORM = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_TOKEN_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_KEYS_MIN_AGE_MS = 10 * 1000


class JwtAccessTokens:
    """Issues and verifies tokens of one issuer.

    ``keys`` loads the key set; it is asked on first use, every five minutes, and,
    at most every ten seconds, when a token names a key that is not known.
    ``new_token_id`` gives 22 characters of base64url.
    """

    lifetime_seconds = LIFETIME_SECONDS

    def __init__(
        self,
        keys: Callable[[], SigningKeys],
        issuer: str,
        new_token_id: Callable[[], str] = lambda: secrets.token_urlsafe(16),
    ) -> None:
        self._keyring = _Keyring(keys)
        self._issuer = issuer
        self._new_token_id = new_token_id

    def issue(self, claims: AccessClaims, now_ms: int) -> str:
        import jwt

        key = self._keyring.current(now_ms)
        issued = now_ms // 1000
        payload = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": claims.user_id,
            "sid": claims.session_id,
            "iat": issued,
            "exp": issued + self.lifetime_seconds,
            "jti": self._new_token_id(),
        }
        return jwt.encode(payload, key.private_key(), ALGORITHM, headers={"typ": _TYPE, "kid": key.id})

    def verify(self, token: str, now_ms: int) -> AccessClaims | None:
        verified = self.inspect(token, now_ms)
        return None if verified is None else verified.claims

    def inspect(self, token: str, now_ms: int) -> VerifiedAccess | None:
        header = _header_of(token)
        if header is None or header.keys() != _HEADER:
            return None
        key_id = header["kid"]
        if header["typ"] != _TYPE or header["alg"] != ALGORITHM or not isinstance(key_id, str):
            return None
        key = self._keyring.public_key(key_id, now_ms)
        payload = None if key is None else self._signed_payload(token, key.public)
        if key is None or payload is None or not self._holds(payload, now_ms // 1000):
            return None
        verified = _verified(payload)
        return verified if may_have_signed(key.key, verified.issued_ms) else None

    def public_keys(self, now_ms: int) -> JSONObject:
        keys = self._keyring.all(now_ms)
        return SigningKeys([key for key in keys if verifies(key, now_ms)]).public_set()

    def _signed_payload(self, token: str, key: "Ed25519PublicKey") -> JSONObject | None:
        import jwt

        try:
            payload: JSONObject = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=self._issuer,
                # By the clock given, and under stricter rules: see _holds.
                options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except jwt.PyJWTError:
            return None
        return payload

    def _holds(self, payload: JSONObject, now: int) -> bool:
        if payload.keys() != _CLAIMS:
            return False
        issued, expires = payload["iat"], payload["exp"]
        if type(issued) is not int or type(expires) is not int:
            return False
        in_time = issued <= now + _LEEWAY_SECONDS and now < expires
        bounded = 0 < expires - issued <= self.lifetime_seconds
        return in_time and bounded and self._names_hold(payload)

    def _names_hold(self, payload: JSONObject) -> bool:
        user_id, session_id, token_id = payload["sub"], payload["sid"], payload["jti"]
        return (
            payload["iss"] == self._issuer
            and payload["aud"] == AUDIENCE
            and isinstance(user_id, str)
            and is_id(user_id, USER)
            and isinstance(session_id, str)
            and is_id(session_id, SESSION)
            and isinstance(token_id, str)
            and _TOKEN_ID.fullmatch(token_id) is not None
        )


@dataclass(frozen=True, slots=True)
class _PublicKey:
    key: SigningKey
    public: "Ed25519PublicKey"


class _Keyring:
    """The key set as of not long ago, its public keys ready for use."""

    def __init__(self, load: Callable[[], SigningKeys]) -> None:
        self._load = load
        self._loaded: tuple[SigningKeys, int] | None = None
        self._ready: dict[str, _PublicKey] = {}

    def all(self, now_ms: int, max_age_ms: int = KEPT_MS) -> SigningKeys:
        if self._loaded is None or not 0 <= now_ms - self._loaded[1] < max_age_ms:
            self._loaded = (self._loaded_anew(), now_ms)
            self._ready = {}
        return self._loaded[0]

    def _loaded_anew(self) -> SigningKeys:
        """The set as it is now, or as it was when it cannot be reached."""
        try:
            return self._load()
        except KeysUnavailable:
            if self._loaded is None:
                raise
            return self._loaded[0]

    def current(self, now_ms: int) -> SigningKey:
        return self.all(now_ms).current

    def public_key(self, key_id: str, now_ms: int) -> _PublicKey | None:
        key = self.all(now_ms).find(key_id) or self.all(now_ms, _KEYS_MIN_AGE_MS).find(key_id)
        if key is None or not verifies(key, now_ms):
            return None
        ready = self._ready.get(key_id) or _PublicKey(key, key.public_key())
        self._ready[key_id] = ready
        return ready


def _verified(payload: JSONObject) -> VerifiedAccess:
    """What a payload that holds says."""
    claims = AccessClaims(text(payload, "sub"), text(payload, "sid"))
    issued_ms, expires_ms = integer(payload, "iat") * 1000, integer(payload, "exp") * 1000
    return VerifiedAccess(claims, issued_ms, expires_ms, text(payload, "jti"))


def _header_of(token: str) -> JSONObject | None:
    """The header of a token of the right form: three parts, each in the one way to write it."""
    match = _FORM.fullmatch(token) if len(token) <= _LONGEST else None
    if match is None:
        return None
    parts = [_decoded(part) for part in match.groups()]
    if None in parts or parts[0] is None:
        return None
    try:
        header: JSONValue = json.loads(parts[0], object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError):
        return None
    return header if is_object(header) else None


def _decoded(part: str) -> bytes | None:
    try:
        data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        return None
    return data if base64url(data) == part else None


def _without_repeats(pairs: Sequence[tuple[str, JSONValue]]) -> dict[str, JSONValue]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name is there twice")
    return dict(pairs)
