"""Lambda's way in to the tables service."""

from pyairtable_common.bootstrap import prepare, services
from pyairtable_common.observability import Observer
from pyairtable_common.web.chalice_app import build_handler
from tables_api.routes import router

handler = build_handler("tables", router, services, Observer("tables"))
prepare()
