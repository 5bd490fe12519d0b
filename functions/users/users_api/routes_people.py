"""Other people, among those with whom one shares a workspace."""

from pyairtable_common.application.people import find_people, find_person
from pyairtable_common.web.auth import open_person
from pyairtable_common.web.messages import Response
from pyairtable_common.web.routing import Call, Router
from users_api.wire import person_json
from users_api.wire_people import people_json, search_of

router = Router()


@router.route("GET", "/v1/users")
def get_users(call: Call) -> Response:
    principal = open_person(call)
    search = search_of(call.request.query)
    return Response(people_json(principal, search, find_people(call.services, principal, search)))


@router.route("GET", "/v1/users/{user}")
def get_user(call: Call) -> Response:
    principal = open_person(call)
    user_id = call.request.path_parameters["user"]
    return Response(person_json(principal, find_person(call.services, principal, user_id)))
