"""The tables service's routes: decode, one use case, encode."""

from pyairtable_common.application.bases import create_base, reachable_bases
from pyairtable_common.application.profiles import own_account
from pyairtable_common.application.tables import change_field, change_table, create_field, create_table
from pyairtable_common.web.auth import (
    open_base_to_read,
    open_base_to_write,
    open_named_workspace,
    open_person,
)
from pyairtable_common.web.messages import Response
from pyairtable_common.web.routing import Call, Router
from tables_api import wire
from tables_api.routes_collaborators import router as collaborators

router = Router()
router.include(collaborators)

TABLES = "/v0/meta/bases/{base}/tables"
TABLE = f"{TABLES}/{{table}}"


@router.route("GET", "/v0/meta/whoami")
def whoami(call: Call) -> Response:
    principal = open_person(call)
    return Response(wire.whoami_json(principal, own_account(call.services, principal).email))


@router.route("GET", "/v0/meta/bases")
def list_bases(call: Call) -> Response:
    return Response(wire.bases_json(reachable_bases(call.services, open_person(call))))


@router.route("POST", "/v0/meta/bases")
def add_base(call: Call) -> Response:
    access, operation, request = open_named_workspace(
        call, lambda: wire.base_request(call.request), lambda request: request.workspace_id
    )
    made = create_base(access, operation, request.draft)
    return Response(wire.new_base_json(made.id, made.tables))


@router.route("GET", TABLES)
def list_tables(call: Call) -> Response:
    access, visible_fields = open_base_to_read(call, lambda: wire.wants_visible_fields(call.request))
    return Response(wire.tables_json(access.schema.tables, visible_fields=visible_fields))


@router.route("POST", TABLES)
def add_table(call: Call) -> Response:
    access, operation, draft = open_base_to_write(call, lambda: wire.table_draft(call.request))
    return Response(wire.table_json(create_table(access, operation, draft)))


@router.route("PATCH", TABLE)
def alter_table(call: Call) -> Response:
    access, operation, change = open_base_to_write(call, lambda: wire.table_change(call.request))
    return Response(wire.table_json(change_table(access, operation, _table(call), change)))


@router.route("POST", f"{TABLE}/fields")
def add_field(call: Call) -> Response:
    access, operation, draft = open_base_to_write(call, lambda: wire.field_draft(call.request))
    return Response(wire.field_json(create_field(access, operation, _table(call), draft)))


@router.route("PATCH", f"{TABLE}/fields/{{field}}")
def alter_field(call: Call) -> Response:
    access, operation, change = open_base_to_write(call, lambda: wire.field_change(call.request))
    field_ref = call.request.path_parameters["field"]
    return Response(wire.field_json(change_field(access, operation, _table(call), field_ref, change)))


def _table(call: Call) -> str:
    return call.request.path_parameters["table"]
