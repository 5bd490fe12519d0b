"""Lambda's way in to the users service."""

from pyairtable_common.bootstrap import prepare, services
from pyairtable_common.observability import Observer
from pyairtable_common.web.chalice_app import build_handler
from users_api.routes import router

handler = build_handler("users", router, services, Observer("users"))
prepare()
