"""Refresh, logout, and the list of one's sessions."""

from auth_api.wire_sessions import refresh_token_of, session_json, tokens_json
from pyairtable_common.application.refreshes import refresh
from pyairtable_common.application.sessions import end_all_sessions, end_session, list_sessions
from pyairtable_common.domain.credentials import Origin
from pyairtable_common.web.auth import open_person
from pyairtable_common.web.messages import Response
from pyairtable_common.web.routing import Call, Router

router = Router()


@router.route("POST", "/v1/auth/refresh")
def post_refresh(call: Call) -> Response:
    return Response(tokens_json(refresh(call.services, refresh_token_of(call.request.json()))))


@router.route("POST", "/v1/auth/logout")
def post_logout(call: Call) -> Response:
    principal = open_person(call)
    end_session(call.services, principal, principal.credential_id)
    return Response({"id": principal.credential_id, "deleted": True})


@router.route("POST", "/v1/auth/logout-all")
def post_logout_all(call: Call) -> Response:
    end_all_sessions(call.services, open_person(call).user_id)
    return Response({"deleted": True})


@router.route("GET", "/v1/auth/sessions")
def get_sessions(call: Call) -> Response:
    principal = open_person(call)
    sessions = list_sessions(call.services, principal)
    return Response({"sessions": [session_json(each, principal.credential_id) for each in sessions]})


@router.route("DELETE", "/v1/auth/sessions/{session}")
def delete_session(call: Call) -> Response:
    session_id = call.request.path_parameters["session"]
    end_session(call.services, open_person(call), session_id)
    return Response({"id": session_id, "deleted": True})


def origin_of(call: Call) -> Origin:
    """Where this request comes from."""
    return Origin(call.request.headers.get("user-agent", ""), call.request.source_ip)
