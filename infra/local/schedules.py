"""The scheduled workers as a thread: what EventBridge does for the functions in the cloud."""

import logging
from threading import Event, Thread

from pyairtable_common.application.account_deletion import sweep_deletions
from pyairtable_common.bootstrap import services

_SECONDS = 60.0
_STOP_SECONDS = 3.0
_logger = logging.getLogger("local.schedules")


class Schedules:
    """Does the scheduled work once a minute until it is told to stop."""

    def __init__(self) -> None:
        self._stop = Event()
        self._thread = Thread(target=self._run, name="schedules", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        while not self._stop.wait(_SECONDS):
            try:
                sweep_deletions(services())
            except Exception:  # what is left over is found by the next sweep
                _logger.exception("Scheduled work failed; it is tried again")
