"""Receipts: what a request under an ``Idempotency-Key`` was answered, kept for 24 hours.

A receipt is put in the same transaction as the write it is for. An answer too
large for one item lies in parts beside it.
"""

from collections.abc import Callable, Mapping, Sequence

from pyairtable_common.domain.errors import IdempotencyMismatch
from pyairtable_common.domain.events import Operation
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.repositories import codec, keys
from pyairtable_common.repositories.documents import integer, mapping, text
from pyairtable_common.repositories.parts import split
from pyairtable_common.repositories.ports import Absent, Item, Key, Put, Table, VersionIs

KEPT_SECONDS = 24 * 3600

Read = Callable[[Sequence[Key]], Mapping[Key, Item | None]]


def receipt_keys(table: Table, owner_id: str, operation: Operation) -> Sequence[Key]:
    """Where the operation's receipt lies, if it leaves one; worth a place in the first read."""
    return [keys.receipt(table, owner_id, operation.id)] if operation.fingerprint else []


def result_before(receipt: Item | None, operation: Operation, read: Read) -> JSONObject | None:
    """What the operation came to before; ``read`` fetches the parts of a large answer.

    Raises ``IdempotencyMismatch`` if the key was another request's.
    """
    if receipt is None or _has_expired(receipt, operation):
        return None
    document = codec.decode(receipt.data)
    if text(document, "fingerprint") != operation.fingerprint:
        raise IdempotencyMismatch
    count = integer(document, "parts")
    if count == 0:
        return mapping(document, "result")
    wanted = [keys.receipt_part(receipt.key, receipt.version, number) for number in range(count)]
    parts = read(wanted)
    return codec.decode(b"".join(_present(parts.get(key)).data for key in wanted))


def receipt_puts(
    key: Key, old: Item | None, operation: Operation, result: JSONObject, version: int
) -> Sequence[Put]:
    """The receipt's writes; ``old`` is what lies at its key now, expired."""
    expires = operation.at_ms // 1000 + KEPT_SECONDS
    expect = VersionIs(old.version) if old else Absent()
    parts = split(codec.encode(result))
    if len(parts) == 1:
        document = {"fingerprint": operation.fingerprint, "parts": 0, "result": result}
        return [Put(Item(key, version, codec.encode(document), expires), expect)]
    head = codec.encode({"fingerprint": operation.fingerprint, "parts": len(parts)})
    return [
        Put(Item(key, version, head, expires), expect),
        *(
            Put(Item(keys.receipt_part(key, version, number), version, part, expires), Absent())
            for number, part in enumerate(parts)
        ),
    ]


def _has_expired(receipt: Item, operation: Operation) -> bool:
    return receipt.expires_at is not None and receipt.expires_at * 1000 <= operation.at_ms


def _present(part: Item | None) -> Item:
    if part is None:
        raise codec.UnknownForm("a receipt lacks a part")
    return part
