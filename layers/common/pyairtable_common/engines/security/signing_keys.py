"""The keys that sign access tokens: one JWK set, each key in one of three states.

``next`` is published before it signs, ``current`` signs, ``retired`` signs no more
but still verifies until its last token has expired (``key_rotation``). Services that
only verify get the same document without its private members. Keys are Ed25519
(RFC 8037), named by their thumbprints (RFC 7638).

Beside the keys stands the installation's own secret: 32 bytes from which others are
derived (``derived_secrets``). It never changes and is never published.
"""

import base64
import hashlib
import json
import os
import re
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from pyairtable_common.config import MissingSetting
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue, is_array, is_object

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ALGORITHM = "EdDSA"
OWN_SECRET = "derivation"  # noqa: S105 - a name
_32_BYTES = re.compile(r"[A-Za-z0-9_-]{43}")


class KeysUnavailable(Exception):
    """Where the keys lie cannot be reached at the moment."""


class KeyState(Enum):
    NEXT = "next"
    CURRENT = "current"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair, or its public half; ``x`` and ``d`` are base64url as in a JWK.

    ``since_ms`` is when it came into its state; 0 for an installation's first keys,
    which were published before anybody could ask.
    """

    state: KeyState
    x: str
    d: str | None = field(default=None, repr=False)
    since_ms: int = 0

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
    """A key set with exactly one current key. Raises ``MissingSetting`` for any other.

    ``own_secret`` is the installation's, as base64url; only where keys may sign.
    """

    def __init__(self, keys: Sequence[SigningKey], own_secret: str | None = None) -> None:
        current = [key for key in keys if key.state is KeyState.CURRENT]
        if len(current) != 1:
            raise MissingSetting(f"the signing keys hold {len(current)} current keys; there must be one")
        self.current = current[0]
        self._keys: Mapping[str, SigningKey] = {key.id: key for key in keys}
        self.own_secret = own_secret

    def __iter__(self) -> Iterator[SigningKey]:
        return iter(self._keys.values())

    def find(self, key_id: str) -> SigningKey | None:
        return self._keys.get(key_id)

    def public_set(self) -> JSONObject:
        """What anybody may know, as a JWK set."""
        return {"keys": [_public_json(key) for key in self]}

    def document(self) -> JSONObject:
        """The whole set with states and private members: a secret."""
        own: JSONObject = {} if self.own_secret is None else {OWN_SECRET: self.own_secret}
        return {"keys": [_document_json(key) for key in self], **own}

    def public_document(self) -> JSONObject:
        """The same without private members: what services need that only verify."""
        return {"keys": [_document_json(replace(key, d=None)) for key in self]}


def make_keys() -> SigningKeys:
    """A fresh current key, the next one, and the installation's secret."""
    return SigningKeys([make_key(KeyState.CURRENT), make_key(KeyState.NEXT)], make_own_secret())


def make_own_secret() -> str:
    return base64url(secrets.token_bytes(32))


def make_key(state: KeyState, since_ms: int = 0) -> SigningKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    x, d = base64url(key.public_key().public_bytes_raw()), base64url(key.private_bytes_raw())
    return SigningKey(state, x, d, since_ms)


def parse_keys(text: str, source: str) -> SigningKeys:
    """Reads ``document`` or ``public_document``.

    Raises ``MissingSetting``, naming ``source`` and never quoting the text.
    """
    try:
        value: JSONValue = json.loads(text)
    except ValueError:
        raise MissingSetting(f"{source} is not JSON") from None
    if not is_object(value):
        raise MissingSetting(f"{source} holds no signing keys yet")
    entries = value.get("keys")
    if entries is None or not is_array(entries) or not entries:
        raise MissingSetting(f"{source} holds no signing keys yet")
    return SigningKeys([_key_of(entry, source) for entry in entries], _own_secret_of(value, source))


def load_or_make_keys(path: str | Path) -> SigningKeys:
    """The keys in a file, made on first use: readable by its owner alone, whole or not there."""
    path = Path(path)
    if not path.exists():
        with _written(path, make_keys()) as temporary, suppress(FileExistsError):
            path.hardlink_to(temporary)
    return parse_keys(path.read_text(encoding="ascii"), str(path))


def replace_keys(path: Path, keys: SigningKeys) -> None:
    """The file holds these keys or, should anything go wrong, those from before."""
    with _written(path, keys) as temporary:
        temporary.replace(path)


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
    return {**_public_json(key), **private, "state": key.state.value, "since": key.since_ms}


def _own_secret_of(document: JSONObject, source: str) -> str | None:
    text = document.get(OWN_SECRET)
    if text is not None and not _is_32_bytes(text):
        raise MissingSetting(f"{source} holds a damaged secret")
    return None if text is None else str(text)


def _key_of(raw: JSONValue, source: str) -> SigningKey:
    if not is_object(raw) or (raw.get("kty"), raw.get("crv"), raw.get("alg")) != (
        "OKP",
        "Ed25519",
        ALGORITHM,
    ):
        raise MissingSetting(f"{source} holds a key that is not for {ALGORITHM} on Ed25519")
    x, d, state, since = raw.get("x"), raw.get("d"), raw.get("state"), raw.get("since", 0)
    whole = _is_32_bytes(x) and (d is None or _is_32_bytes(d)) and state in _STATES
    if not whole or not isinstance(since, int) or isinstance(since, bool):
        raise MissingSetting(f"{source} holds a damaged key")
    key = SigningKey(KeyState(state), str(x), None if d is None else str(d), since)
    if raw.get("kid") != key.id:
        raise MissingSetting(f"{source} holds a key under another key's id")
    return key


def _is_32_bytes(value: JSONValue) -> bool:
    return isinstance(value, str) and _32_BYTES.fullmatch(value) is not None


def _bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=")


@contextmanager
def _written(path: Path, keys: SigningKeys) -> Iterator[Path]:
    """A temporary file beside ``path`` with the keys on disk, for its owner alone; gone afterwards."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(json.dumps(keys.document()))
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o600)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


_STATES = frozenset(state.value for state in KeyState)
