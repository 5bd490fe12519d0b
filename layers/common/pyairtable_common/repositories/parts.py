"""Bytes too many for one item, in parts that fit."""

from collections.abc import Sequence

PART_BYTES = 380 * 1024


def split(data: bytes) -> Sequence[bytes]:
    """The bytes in order, in at least one part."""
    return [data[start : start + PART_BYTES] for start in range(0, len(data), PART_BYTES)] or [b""]
