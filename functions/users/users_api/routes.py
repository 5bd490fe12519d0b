"""The users service's routes."""

from pyairtable_common.application.profiles import own_profile, rename_self
from pyairtable_common.web.auth import open_person
from pyairtable_common.web.messages import Response
from pyairtable_common.web.routing import Call, Router
from users_api.wire import new_name_of, profile_json

router = Router()


@router.route("GET", "/v1/users/me")
def get_me(call: Call) -> Response:
    principal = open_person(call)
    return Response(profile_json(principal, own_profile(call.services, principal)))


@router.route("PATCH", "/v1/users/me")
def patch_me(call: Call) -> Response:
    principal = open_person(call)
    name = new_name_of(call.request.json())
    return Response(profile_json(principal, rename_self(call.services, principal, name)))
