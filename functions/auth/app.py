"""Lambda's way in to the auth service."""

from auth_api.routes import router
from pyairtable_common.bootstrap import prepare, services
from pyairtable_common.observability import Observer
from pyairtable_common.web.chalice_app import build_handler

handler = build_handler("auth", router, services, Observer("auth"))
prepare()
