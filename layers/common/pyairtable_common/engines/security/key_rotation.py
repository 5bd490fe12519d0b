"""From one signing key to the next, without one request refused.

A key is published as ``next`` before it signs, since whoever verifies keeps the set
for a while; it verifies as ``retired`` until every token it signed has expired, then
it is dropped. All times are epoch milliseconds.
"""

from dataclasses import replace

from pyairtable_common.engines.security.signing_keys import (
    KeyState,
    SigningKey,
    SigningKeys,
    make_key,
    make_own_secret,
)

LIFETIME_MS = 15 * 60 * 1000
"""How long an access token lives."""
KEPT_MS = 5 * 60 * 1000
"""How long a container, or anybody who fetched the JWK set, works with the set it has."""
PUBLISHED_AHEAD_MS = 2 * KEPT_MS
"""A set fetched from a container that had kept it, and kept again."""


class TooEarly(Exception):
    """The next key has not been published for long enough; ``wait_ms`` more are needed."""

    def __init__(self, wait_ms: int) -> None:
        super().__init__(f"the next key was published too recently: rotate in {-(-wait_ms // 1000)} s")
        self.wait_ms = wait_ms


def rotated(keys: SigningKeys, now_ms: int) -> SigningKeys:
    """The set after a rotation: next signs, current retires, a new next is there, the expired are gone.

    Raises ``TooEarly``.
    """
    successor = next((key for key in keys if key.state is KeyState.NEXT), None)
    if successor is None:
        return published_anew(keys, now_ms)
    wait_ms = successor.since_ms + PUBLISHED_AHEAD_MS - now_ms
    if wait_ms > 0:
        raise TooEarly(wait_ms)
    kept = [key for key in keys if key.state is KeyState.RETIRED and verifies(key, now_ms)]
    return SigningKeys(
        [
            replace(successor, state=KeyState.CURRENT, since_ms=now_ms),
            make_key(KeyState.NEXT, now_ms),
            replace(keys.current, state=KeyState.RETIRED, since_ms=now_ms),
            *kept,
        ],
        keys.own_secret or make_own_secret(),
    )


def published_anew(keys: SigningKeys, now_ms: int) -> SigningKeys:
    """The same set, its next key published at this moment: when it is not known who saw it before."""
    others = [key for key in keys if key.state is not KeyState.NEXT]
    successors = [replace(key, since_ms=now_ms) for key in keys if key.state is KeyState.NEXT]
    return SigningKeys(
        [*others, *(successors or [make_key(KeyState.NEXT, now_ms)])], keys.own_secret or make_own_secret()
    )


def may_have_signed(key: SigningKey, issued_ms: int) -> bool:
    """False for a token that a retired key cannot have signed any more: no container used it by then."""
    return key.state is not KeyState.RETIRED or issued_ms <= key.since_ms + KEPT_MS


def verifies(key: SigningKey, now_ms: int) -> bool:
    """False once every token of a retired key has expired."""
    return key.state is not KeyState.RETIRED or now_ms < key.since_ms + KEPT_MS + LIFETIME_MS
