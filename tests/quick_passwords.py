"""argon2id costs 40 ms on purpose: for tests that sign in a thousand times and ask something else."""

import hashlib


class QuickPasswords:
    """``Passwords``, as fast as can be."""

    def hash(self, password: str) -> str:
        return hashlib.sha256(password.encode()).hexdigest()

    def verify(self, hashed: str | None, password: str) -> bool:
        return hashed == self.hash(password)
