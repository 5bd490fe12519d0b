"""Roles in single bases, in Airtable's words: ``permissionLevel`` is read, comment, edit or create."""

from collections.abc import Mapping

from pyairtable_common.domain.errors import InvalidRequest, NotSupported
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.permissions import Role
from pyairtable_common.web.decoding import require_object, require_objects, require_text

LEVELS: Mapping[str, Role] = {role.permission_level: role for role in Role if role is not Role.OWNER}
"""Nobody is made an owner in these words: both owners and creators have the level ``create``."""


def new_roles_of(body: JSONObject) -> Mapping[str, Role]:
    """By user id. Raises ``NotSupported`` for a group, ``InvalidRequest`` for a person named twice."""
    listed = require_objects(body, "collaborators")
    if any("group" in one for one in listed):
        raise NotSupported("group")
    roles = {require_text(require_object(one, "user"), "id"): new_role_of(one) for one in listed}
    if len(roles) != len(listed):
        raise InvalidRequest
    return roles


def new_role_of(body: JSONObject) -> Role:
    level = require_text(body, "permissionLevel")
    if level not in LEVELS:
        raise InvalidRequest
    return LEVELS[level]
