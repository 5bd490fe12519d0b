"""Second factors in the store: nonces and digests, never a secret or a code."""

from pyairtable_common.domain.jsonvalue import is_array
from pyairtable_common.domain.second_factors import SecondFactor
from pyairtable_common.repositories import codec, keys
from pyairtable_common.repositories.documents import integer, text
from pyairtable_common.repositories.ports import Item


def second_factor_of(item: Item) -> SecondFactor:
    raw = codec.decode(item.data)
    recovery = raw["recovery"]
    if not is_array(recovery):
        raise codec.UnknownForm("recovery is not an array")
    return SecondFactor(
        user_id=item.key.owner,
        nonce=text(raw, "nonce"),
        mark=text(raw, "mark"),
        confirmed=raw["confirmed"] is True,
        last_step=integer(raw, "lastStep"),
        recovery_nonce=text(raw, "recoveryNonce"),
        recovery=tuple(str(digest) for digest in recovery),
        failures=integer(raw, "failures"),
        failing_since_ms=integer(raw, "failingSince"),
    )


def second_factor_item(factor: SecondFactor, version: int) -> Item:
    data = codec.encode(
        {
            "nonce": factor.nonce,
            "mark": factor.mark,
            "confirmed": factor.confirmed,
            "lastStep": factor.last_step,
            "recoveryNonce": factor.recovery_nonce,
            "recovery": list(factor.recovery),
            "failures": factor.failures,
            "failingSince": factor.failing_since_ms,
        }
    )
    return Item(keys.second_factor(factor.user_id), version, data)
