"""What clients remember for a person."""

from pyairtable_common.application.preferences import (
    merge_preferences,
    own_preferences,
    replace_preferences,
)
from pyairtable_common.web.auth import open_person, operation_of
from pyairtable_common.web.messages import Response
from pyairtable_common.web.routing import Call, Router
from users_api.wire_preferences import preferences_json, preferences_write_of

router = Router()


@router.route("GET", "/v1/users/me/preferences")
def get_preferences(call: Call) -> Response:
    return Response(preferences_json(own_preferences(call.services, open_person(call))))


@router.route("PUT", "/v1/users/me/preferences")
def put_preferences(call: Call) -> Response:
    principal = open_person(call)
    write, operation = preferences_write_of(call.request.json()), operation_of(call, principal.user_id)
    return Response(preferences_json(replace_preferences(call.services, principal, operation, write)))


@router.route("PATCH", "/v1/users/me/preferences")
def patch_preferences(call: Call) -> Response:
    principal = open_person(call)
    write, operation = preferences_write_of(call.request.json()), operation_of(call, principal.user_id)
    return Response(preferences_json(merge_preferences(call.services, principal, operation, write)))
