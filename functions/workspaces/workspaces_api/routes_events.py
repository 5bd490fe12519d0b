"""A workspace's events and its audit trail."""

from collections.abc import Mapping
from urllib.parse import urlencode

from pyairtable_common.application.audit import AuditPage, read_audit
from pyairtable_common.application.workspace_events import follow_events
from pyairtable_common.web.auth import open_workspace_of
from pyairtable_common.web.messages import Response
from pyairtable_common.web.routing import Call, Router
from pyairtable_common.web.spreadsheet_text import CONTENT_TYPE
from workspaces_api.wire_events import (
    NDJSON,
    Format,
    audit_csv,
    audit_json,
    audit_lines,
    audit_query_of,
    cursor_text,
    event_query_of,
    events_json,
)

router = Router()


@router.route("GET", "/v1/workspaces/{workspace}/events")
def get_events(call: Call) -> Response:
    access = open_workspace_of(call)
    after, limit = event_query_of(call.request.query)
    return Response(events_json(follow_events(access, after, limit)))


@router.route("GET", "/v1/workspaces/{workspace}/audit")
def get_audit(call: Call) -> Response:
    access = open_workspace_of(call)
    query = audit_query_of(call.request.query)
    page = read_audit(access, query.wanted, query.before, query.limit)
    if query.format is Format.JSON:
        return Response(audit_json(page))
    if query.format is Format.CSV:
        return Response(None, headers=_headers(call, page, CONTENT_TYPE, "csv"), text=audit_csv(page))
    return Response(None, headers=_headers(call, page, NDJSON, "jsonl"), text=audit_lines(page))


def _headers(call: Call, page: AuditPage, content_type: str, ending: str) -> Mapping[str, str]:
    """A file has no place for a cursor: where it goes on stands in ``Link`` (RFC 8288)."""
    request = call.request
    name = f"audit-{request.path_parameters['workspace']}.{ending}"
    headers = {
        "Content-Type": content_type,
        "Content-Disposition": f'attachment; filename="{name}"',
        "Access-Control-Expose-Headers": "Content-Disposition, Link",
    }
    if page.before is not None:
        query = {name: values[-1] for name, values in request.query.items()}
        following = urlencode({**query, "cursor": cursor_text(page.before)})
        headers["Link"] = f'<{request.path}?{following}>; rel="next"'
    return headers
