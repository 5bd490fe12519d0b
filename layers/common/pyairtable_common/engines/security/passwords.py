"""``Passwords`` as argon2id, with OWASP's least parameters: 19 MiB, two passes, one lane."""

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MEMORY_KIB, PASSES, LANES = 19 * 1024, 2, 1
_NOBODYS = f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${'A' * 22}${'A' * 43}"
"""A hash that no password has: comparing with it takes as long as with a real one."""


class Argon2Passwords:
    """Hashes carry their own salt and parameters. Texts are taken as they are: normalise before."""

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def verify(self, hashed: str | None, password: str) -> bool:
        from argon2.exceptions import VerificationError

        try:
            self._hasher.verify(_NOBODYS if hashed is None else hashed, password)
        except VerificationError:
            return False
        return hashed is not None

    @cached_property
    def _hasher(self) -> "PasswordHasher":
        from argon2 import PasswordHasher

        return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
