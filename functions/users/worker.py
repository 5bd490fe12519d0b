"""Lambda's way in to the users service's scheduled work: accounts whose grace period is over."""

from pyairtable_common.application.account_deletion import sweep_deletions
from pyairtable_common.bootstrap import services
from pyairtable_common.observability import Observer
from pyairtable_common.web.schedule_handler import build_schedule_handler

handler = build_schedule_handler("account-deletions", sweep_deletions, services, Observer("users"))
