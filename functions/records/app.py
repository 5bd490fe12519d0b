"""Lambda's way in to the records service."""

from pyairtable_common.bootstrap import prepare, services
from pyairtable_common.observability import Observer
from pyairtable_common.web.chalice_app import build_handler
from records_api.routes import router

handler = build_handler("records", router, services, Observer("records"))
prepare()
