"""Lambda's way in to the letters that auth sends: jobs from the mail queue."""

from pyairtable_common.application.mailings import deliver_letter
from pyairtable_common.bootstrap import services
from pyairtable_common.observability import Observer
from pyairtable_common.web.queue_handler import build_queue_handler

handler = build_queue_handler(deliver_letter, services, Observer("auth"))
