"""A listing's bounds as a key condition and a start key, so that DynamoDB reads nothing it throws away."""

from dataclasses import dataclass

from pyairtable_common.repositories.ports import MAX_SK_BYTES

# The highest character of four bytes, and the highest in what room is left after those.
_HIGHEST = "\U0010ffff"
_HIGHEST_IN = ("", "\x7f", "\u07ff", "\uffff")


@dataclass(frozen=True, slots=True)
class SortRange:
    """Sort keys from ``low`` up to ``high`` where there is one, both included; past ``start`` where given.

    ``start`` lies inside the bounds, as DynamoDB demands of a start key.
    """

    low: str
    prefix: str
    start: str | None

    @property
    def high(self) -> str | None:
        """The last sort key there can be with the prefix."""
        if not self.prefix:
            return None
        whole, rest = divmod(MAX_SK_BYTES - len(self.prefix.encode()), 4)
        return self.prefix + _HIGHEST * whole + _HIGHEST_IN[rest]


def plan_range(first: str, after: str | None, prefix: str, *, descending: bool) -> SortRange | None:
    """The range to read, or ``None`` when no sort key can lie in it."""
    low = max(first, prefix)
    if not low.startswith(prefix):
        return None
    if after is None:
        return SortRange(low, prefix, None)
    is_below = after < low or not after
    is_above = not is_below and not after.startswith(prefix)
    if (descending and after <= low) or (not descending and is_above):
        return None
    return SortRange(low, prefix, None if is_below or is_above else after)
