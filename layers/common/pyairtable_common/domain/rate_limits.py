"""How much is too much: limits, the windows they count in, and the profiles a stage chooses from.

A window opens with the first permit taken from it and ends ``window_ms`` later, so
"five a second" means five from the first of them on, wherever the second begins.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_LEASES = 20
_SMALL = 100
_SECOND, _MINUTE, _HOUR, _DAY = 1000, 60_000, 3_600_000, 86_400_000


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``permits`` in a window; whoever asks for more is refused for ``lock_ms`` from then on.

    Without a lock, the refusal ends with the window.
    """

    permits: int
    window_ms: int
    lock_ms: int = 0

    @property
    def lease(self) -> int:
        """How many permits a container takes at once: exact for small limits, cheap for large ones."""
        return 1 if self.permits < _SMALL else self.permits // _LEASES


@dataclass(frozen=True, slots=True)
class Window:
    """What is kept of a counter: when its window opened (epoch milliseconds), and the permits taken.

    A lock is a window that is over-full (``permits + 1``) and ends when the lock does.
    """

    opened_ms: int
    taken: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of asking for permits: how many were granted, and until when that answer holds."""

    granted: int
    ends_ms: int


def take_from(window: Window | None, amount: int, limit: Limit, now_ms: int) -> tuple[Window, Taken]:
    """The window after ``amount`` permits were asked of it, and what was granted: all, some or none."""
    if window is None or window.opened_ms <= now_ms - limit.window_ms:
        window = Window(now_ms, 0)
    granted = max(0, min(amount, limit.permits - window.taken))
    if granted:
        window = Window(window.opened_ms, window.taken + granted)
    elif limit.lock_ms and window.taken <= limit.permits:
        window = locked(limit, now_ms)
    return window, Taken(granted, window.opened_ms + limit.window_ms)


def locked(limit: Limit, now_ms: int) -> Window:
    """The window of a limit that was just passed."""
    return Window(now_ms + limit.lock_ms - limit.window_ms, limit.permits + 1)


@dataclass(frozen=True, slots=True)
class Guesses:
    """How often somebody may guess at an account's secret, each limit for itself.

    ``at_account`` and ``in_all`` are for networks that have never signed in to the account; a network
    that has is bound by ``from_network`` and by ``familiar``, which all of these share.
    """

    from_network: Limit
    at_account: Limit
    in_all: Limit
    familiar: Limit
    of_network: Limit
    mails: Limit


@dataclass(frozen=True, slots=True)
class Profile:
    """The limits of a stage: each for itself, all at once; ``None`` is without limit.

    ``address`` is for routes that need no credential, by the caller's network.
    """

    token: Limit | None
    user: Limit | None
    base: Limit | None
    address: Limit | None
    guesses: Guesses | None


# Counted since the last success: at most 50 from networks that never signed in to the account and 50
# from those that have, together the 100 of NIST SP 800-63B, "Rate Limiting (Throttling)".
GUESSES = Guesses(
    from_network=Limit(5, 5 * _MINUTE),
    at_account=Limit(10, 15 * _MINUTE),
    in_all=Limit(50, 30 * _DAY),
    familiar=Limit(50, 30 * _DAY),
    of_network=Limit(100, 15 * _MINUTE),
    mails=Limit(5, _HOUR),
)

PROFILES: Mapping[str, Profile] = {
    # What a runaway script passes and honest work does not.
    "generous": Profile(
        token=Limit(30_000, _MINUTE),
        user=Limit(60_000, _MINUTE),
        base=Limit(60_000, _MINUTE),
        address=Limit(600, _MINUTE),
        guesses=GUESSES,
    ),
    # Web API, "Rate limits": 5 a second for a base, 50 for a user over all tokens; then 30 s of refusals.
    "airtable": Profile(
        token=None,
        user=Limit(50, _SECOND, 30 * _SECOND),
        base=Limit(5, _SECOND, 30 * _SECOND),
        address=Limit(600, _MINUTE),
        guesses=GUESSES,
    ),
    "off": Profile(token=None, user=None, base=None, address=None, guesses=GUESSES),
}
