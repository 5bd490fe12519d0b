"""Preferences on the wire: ``{"version": 3, "preferences": {"grid": {...}}}``.

``version`` in a request is the one that was read; without it, the write takes whatever there is.
"""

from pyairtable_common.application.preferences import PreferencesWrite
from pyairtable_common.domain.errors import Invalid
from pyairtable_common.domain.jsonvalue import JSONObject, is_object
from pyairtable_common.domain.preferences import Preferences
from pyairtable_common.web.native import require_only


def preferences_write_of(body: JSONObject) -> PreferencesWrite:
    require_only(body, "version", "preferences")
    values, version = body.get("preferences"), body.get("version")
    if not is_object(values):
        raise Invalid("preferences", "must be an object" if "preferences" in body else "is required")
    if "version" in body and (not isinstance(version, int) or isinstance(version, bool) or version < 0):
        raise Invalid("version", "must be an integer, 0 or greater")
    return PreferencesWrite(values, version if isinstance(version, int) else None)


def preferences_json(preferences: Preferences) -> JSONObject:
    return {"version": preferences.version, "preferences": preferences.values}
