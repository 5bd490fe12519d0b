"""Roles in single bases, as they go over the wire."""

from pyairtable_common.application.collaborators import Collaborator
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.workspaces import Collaboration


def collaborator_json(collaborator: Collaborator) -> JSONObject:
    user = collaborator.user
    return {"userId": user.id, "email": user.email, "name": user.name, "role": collaborator.role.word}


def collaboration_json(collaboration: Collaboration) -> JSONObject:
    return {"userId": collaboration.user_id, "role": collaboration.role.word}
