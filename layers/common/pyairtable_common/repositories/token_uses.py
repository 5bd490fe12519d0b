"""When personal access tokens were used last, in the store.

In a partition of their own (``usr…#USE``): every service may write there, and to
nothing else of the identity table. An item is made with its token and goes with it.
"""

from pyairtable_common.repositories import codec, keys
from pyairtable_common.repositories.documents import integer
from pyairtable_common.repositories.ports import Item


def token_use_item(user_id: str, token_id: str, used_ms: int | None = None) -> Item:
    return Item(keys.token_use(user_id, token_id), 1, codec.encode({"used": used_ms}))


def used_ms_of(item: Item | None) -> int | None:
    """Epoch milliseconds; ``None`` for never."""
    raw = {} if item is None else codec.decode(item.data)
    return None if raw.get("used") is None else integer(raw, "used")
