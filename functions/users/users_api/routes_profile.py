"""What people say of themselves."""

from pyairtable_common.application.profiles import own_profile, update_profile
from pyairtable_common.web.auth import open_person
from pyairtable_common.web.messages import Response
from pyairtable_common.web.routing import Call, Router
from users_api.wire import own_profile_json, profile_change_of

router = Router()


@router.route("GET", "/v1/users/me")
def get_me(call: Call) -> Response:
    principal = open_person(call)
    return Response(own_profile_json(principal, own_profile(call.services, principal)))


@router.route("PATCH", "/v1/users/me")
def patch_me(call: Call) -> Response:
    principal = open_person(call)
    change = profile_change_of(call.request.json())
    return Response(own_profile_json(principal, update_profile(call.services, principal, change)))
