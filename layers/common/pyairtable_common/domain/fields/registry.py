"""All field types by their name on the wire."""

from collections.abc import Sequence

from pyairtable_common.domain.errors import UnsupportedFieldType
from pyairtable_common.domain.fields.base import Field, Label
from pyairtable_common.domain.fields.boolean import Checkbox
from pyairtable_common.domain.fields.choice import SingleSelect
from pyairtable_common.domain.fields.numeric import Number
from pyairtable_common.domain.fields.options import Options
from pyairtable_common.domain.fields.temporal import Date
from pyairtable_common.domain.fields.text import Email, MultilineText, SingleLineText, Url
from pyairtable_common.domain.ids import Ids
from pyairtable_common.domain.jsonvalue import JSONValue

_ALL: Sequence[type[Field]] = (
    SingleLineText,
    MultilineText,
    Email,
    Url,
    Number,
    Checkbox,
    SingleSelect,
    Date,
)

FIELD_TYPES: dict[str, type[Field]] = {field_type.type: field_type for field_type in _ALL}
if len(FIELD_TYPES) != len(_ALL):
    raise ValueError("two field types share a name")


def parse_field(field_type: str, label: Label, options: JSONValue, ids: Ids) -> Field:
    """A field from its wire form. Raises ``UnsupportedFieldType`` or ``InvalidFieldOptions``."""
    if field_type not in FIELD_TYPES:
        raise UnsupportedFieldType(field_type)
    return FIELD_TYPES[field_type].parse(label, Options(field_type, options), ids)
