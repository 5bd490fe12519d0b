"""Lambda's way in to the workspaces service."""

from pyairtable_common.bootstrap import prepare, services
from pyairtable_common.observability import Observer
from pyairtable_common.web.chalice_app import build_handler
from workspaces_api.routes import router

handler = build_handler("workspaces", router, services, Observer("workspaces"))
prepare()
