"""The keys that sign access tokens: one JWK set, each key in one of three states.

``next`` is published before it signs, ``current`` signs, ``retired`` signs no more
but still verifies until its last token has expired. Services that only verify get
the same document without its private members. Keys are Ed25519 (RFC 8037), named
by their thumbprints (RFC 7638).
"""

import base64
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from pyairtable_common.config import MissingSetting
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue, is_array, is_object

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ALGORITHM = "EdDSA"
_32_BYTES = re.compile(r"[A-Za-z0-9_-]{43}")


class KeysUnavailable(Exception):
    """Where the keys lie cannot be reached at the moment."""


class KeyState(Enum):
    NEXT = "next"
    CURRENT = "current"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair, or its public half; ``x`` and ``d`` are base64url as in a JWK."""

    state: KeyState
    x: str
    d: str | None = field(default=None, repr=False)

    @property
    def id(self) -> str:
        """The JWK thumbprint: SHA-256 of the required members in their one canonical form."""
        canonical = f'{{"crv":"Ed25519","kty":"OKP","x":"{self.x}"}}'
        return base64url(hashlib.sha256(canonical.encode()).digest())

    def public_key(self) -> "Ed25519PublicKey":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        return Ed25519PublicKey.from_public_bytes(_bytes_of(self.x))

    def private_key(self) -> "Ed25519PrivateKey":
        """Raises ``MissingSetting`` where only the public half is known."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        if self.d is None:
            raise MissingSetting("these signing keys are public ones only: this service cannot issue tokens")
        return Ed25519PrivateKey.from_private_bytes(_bytes_of(self.d))


class SigningKeys:
    """A key set with exactly one current key. Raises ``MissingSetting`` for any other."""

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        current = [key for key in keys if key.state is KeyState.CURRENT]
        if len(current) != 1:
            raise MissingSetting(f"the signing keys hold {len(current)} current keys; there must be one")
        self.current = current[0]
        self._keys: Mapping[str, SigningKey] = {key.id: key for key in keys}

    def find(self, key_id: str) -> SigningKey | None:
        return self._keys.get(key_id)

    def public_set(self) -> JSONObject:
        """What anybody may know, as a JWK set."""
        return {"keys": [_public_json(key) for key in self._keys.values()]}

    def document(self) -> JSONObject:
        """The whole set with states and private members: a secret."""
        return {"keys": [_document_json(key) for key in self._keys.values()]}

    def public_document(self) -> JSONObject:
        """The same without private members: what services need that only verify."""
        return {"keys": [_document_json(replace(key, d=None)) for key in self._keys.values()]}


def make_keys() -> SigningKeys:
    """A fresh current key, and the next one."""
    return SigningKeys([make_key(KeyState.CURRENT), make_key(KeyState.NEXT)])


def make_key(state: KeyState) -> SigningKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    return SigningKey(
        state, base64url(key.public_key().public_bytes_raw()), base64url(key.private_bytes_raw())
    )


def parse_keys(text: str, source: str) -> SigningKeys:
    """Reads ``document`` or ``public_document``.

    Raises ``MissingSetting``, naming ``source`` and never quoting the text.
    """
    try:
        value: JSONValue = json.loads(text)
    except ValueError:
        raise MissingSetting(f"{source} is not JSON") from None
    entries = value.get("keys") if is_object(value) else None
    if entries is None or not is_array(entries) or not entries:
        raise MissingSetting(f"{source} holds no signing keys yet")
    return SigningKeys([_key_of(entry, source) for entry in entries])


def load_or_make_keys(path: str | Path) -> SigningKeys:
    """The keys in a file, made on first use: readable by its owner alone, whole or not there."""
    path = Path(path)
    if not path.exists():
        _write_once(path, json.dumps(make_keys().document()))
    return parse_keys(path.read_text(encoding="ascii"), str(path))


def load_secret_keys(secret_id: str, region: str, endpoint_url: str | None = None) -> SigningKeys:
    """The keys in a secret of Secrets Manager.

    Raises ``MissingSetting`` if it is not there, ``KeysUnavailable`` if it cannot be read.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from pyairtable_common.engines.aws import LOCAL_CREDENTIALS, make_client

    if not secret_id:
        raise MissingSetting("PYAIRTABLE_SIGNING_KEYS_SECRET is not set")
    client = make_client(
        "secretsmanager",
        region=region,
        endpoint_url=endpoint_url,
        credentials=LOCAL_CREDENTIALS if endpoint_url else None,
    )
    try:
        text: str = client.get_secret_value(SecretId=secret_id)["SecretString"]
    except (BotoCoreError, ClientError) as error:
        response = error.response if isinstance(error, ClientError) else {}
        if response.get("Error", {}).get("Code") == "ResourceNotFoundException":
            raise MissingSetting(f"there is no secret {secret_id}") from error
        raise KeysUnavailable(f"secret {secret_id} cannot be read") from error
    finally:
        client.close()
    return parse_keys(text, f"secret {secret_id}")


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _public_json(key: SigningKey) -> JSONObject:
    return {"kty": "OKP", "crv": "Ed25519", "x": key.x, "kid": key.id, "alg": ALGORITHM, "use": "sig"}


def _document_json(key: SigningKey) -> JSONObject:
    private: JSONObject = {} if key.d is None else {"d": key.d}
    return {**_public_json(key), **private, "state": key.state.value}


def _key_of(raw: JSONValue, source: str) -> SigningKey:
    if not is_object(raw) or (raw.get("kty"), raw.get("crv"), raw.get("alg")) != (
        "OKP",
        "Ed25519",
        ALGORITHM,
    ):
        raise MissingSetting(f"{source} holds a key that is not for {ALGORITHM} on Ed25519")
    x, d, state = raw.get("x"), raw.get("d"), raw.get("state")
    if not _is_32_bytes(x) or not (d is None or _is_32_bytes(d)) or state not in _STATES:
        raise MissingSetting(f"{source} holds a damaged key")
    key = SigningKey(KeyState(state), str(x), None if d is None else str(d))
    if raw.get("kid") != key.id:
        raise MissingSetting(f"{source} holds a key under another key's id")
    return key


def _is_32_bytes(value: JSONValue) -> bool:
    return isinstance(value, str) and _32_BYTES.fullmatch(value) is not None


def _bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=")


def _write_once(path: Path, text: str) -> None:
    """Of several who try at once, one succeeds; the others' texts are dropped."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o600)
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            return
    finally:
        Path(temporary).unlink()


_STATES = frozenset(state.value for state in KeyState)
