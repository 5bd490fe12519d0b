"""Profiles and preferences in the store. Each lies beside its account, which more calls read than them."""

from dataclasses import dataclass

from pyairtable_common.domain.preferences import Preferences
from pyairtable_common.domain.profiles import Profile
from pyairtable_common.repositories import codec, keys
from pyairtable_common.repositories.documents import mapping, optional_text, text
from pyairtable_common.repositories.ports import Item


@dataclass(frozen=True, slots=True)
class KeptPreferences:
    """Preferences and the operation that wrote them, by which a writer knows its own."""

    preferences: Preferences
    operation_id: str


def profile_of(item: Item | None) -> Profile:
    """Nothing said, if there is no item."""
    if item is None:
        return Profile()
    raw = codec.decode(item.data)
    return Profile(
        optional_text(raw, "locale"),
        optional_text(raw, "timeZone"),
        optional_text(raw, "bio"),
    )


def profile_item(user_id: str, profile: Profile, version: int) -> Item:
    data = codec.encode(
        {
            "locale": profile.locale,
            "timeZone": profile.time_zone,
            "bio": profile.bio,
        }
    )
    return Item(keys.profile(user_id), version, data)


def preferences_of(item: Item | None) -> KeptPreferences:
    if item is None:
        return KeptPreferences(Preferences(0, {}), "")
    raw = codec.decode(item.data)
    return KeptPreferences(Preferences(item.version, mapping(raw, "values")), text(raw, "operation"))


def preferences_item(user_id: str, kept: KeptPreferences) -> Item:
    data = codec.encode({"values": kept.preferences.values, "operation": kept.operation_id})
    return Item(keys.preferences(user_id), kept.preferences.version, data)
