"""``DerivedSecrets``: secrets that must be given again are computed from a nonce, so none is stored.

HMAC-SHA256 of what it is for and a random nonce, under the installation's own
secret: who reads the tables alone learns nothing (docs/decisions, "Derived secrets").
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from functools import cached_property

from pyairtable_common.config import MissingSetting
from pyairtable_common.engines.security.signing_keys import SigningKeys


class HmacSecrets:
    """``keys`` loads the key set; it is asked once, on first use."""

    def __init__(self, keys: Callable[[], SigningKeys]) -> None:
        self._keys = keys

    def derive(self, purpose: str, nonce: str) -> bytes:
        return hmac.digest(self._own_secret, f"{purpose}\0{nonce}".encode(), hashlib.sha256)

    @cached_property
    def _own_secret(self) -> bytes:
        text = self._keys().own_secret
        if text is None:
            raise MissingSetting("these keys hold no secret of the installation: `make rotate-keys` adds it")
        return base64.urlsafe_b64decode(text + "=")
