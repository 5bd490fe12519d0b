"""Reading a field's ``options`` strictly."""

from collections.abc import Collection, Sequence

from pyairtable_common.domain.errors import InvalidFieldOptions
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue, is_array, is_object


class Options:
    """The ``options`` object of one field; every reader raises ``InvalidFieldOptions``."""

    def __init__(self, field_type: str, raw: JSONValue) -> None:
        self._type = field_type
        if raw is not None and not is_object(raw):
            raise self.invalid("options must be an object")
        self._raw: JSONObject = raw or {}

    def allow(self, *names: str) -> None:
        """Refuses options of any other name."""
        for name in self._raw:
            if name not in names:
                raise self.invalid(f"unknown option {name}")

    def integer(self, name: str, lowest: int, highest: int) -> int:
        value = self._raw.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            raise self.invalid(f"{name} must be an integer between {lowest} and {highest}")
        return value

    def word(self, name: str, allowed: Collection[str]) -> str:
        value = self._raw.get(name)
        if not isinstance(value, str) or value not in allowed:
            raise self.invalid(f"{name} must be one of {', '.join(allowed)}")
        return value

    def object(self, name: str) -> JSONObject:
        value = self._raw.get(name)
        if not is_object(value):
            raise self.invalid(f"{name} must be an object")
        return value

    def objects(self, name: str) -> Sequence[JSONObject]:
        value = self._raw.get(name)
        if not is_array(value):
            raise self.invalid(f"{name} must be an array of objects")
        objects = [item for item in value if is_object(item)]
        if len(objects) != len(value):
            raise self.invalid(f"{name} must be an array of objects")
        return objects

    def invalid(self, reason: str) -> InvalidFieldOptions:
        return InvalidFieldOptions(self._type, reason)
