"""A person's account as a whole: taking one's data along, leaving, and coming back."""

from pyairtable_common.application.account_deletion import request_deletion, restore_account
from pyairtable_common.application.personal_export import export_page
from pyairtable_common.application.profiles import own_profile
from pyairtable_common.web.auth import open_person, operation_of
from pyairtable_common.web.messages import Response
from pyairtable_common.web.routing import Call, Router
from users_api.wire import own_profile_json
from users_api.wire_account import deletion_json, export_json, export_start_of

router = Router()


@router.route("GET", "/v1/users/me/export")
def get_export(call: Call) -> Response:
    principal = open_person(call)
    after = export_start_of(call.request.query)
    return Response(export_json(principal, export_page(call.services, principal, after)))


@router.route("DELETE", "/v1/users/me")
def delete_me(call: Call) -> Response:
    """Only the intent: 202. What it will do, and when, stands in ``application.account_deletion``."""
    principal = open_person(call)
    operation = operation_of(call, principal.user_id)
    return Response(deletion_json(request_deletion(call.services, principal, operation)), 202)


@router.route("POST", "/v1/users/me/restore")
def restore_me(call: Call) -> Response:
    principal = open_person(call)
    restore_account(call.services, principal)
    return Response(own_profile_json(principal, own_profile(call.services, principal)))
