"""The mail worker as a thread: letters go to the data folder, their links to the terminal."""

import logging
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from threading import Event, Thread

from pyairtable_common.application.mailings import deliver_letters
from pyairtable_common.bootstrap import services

_SECONDS = 1.0
_LINK = re.compile(r"https?://\S+")
_logger = logging.getLogger("local.letters")


class LettersWorker:
    """Takes jobs from the mail queue once a second until it is told to stop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._told: set[Path] = set()
        self._stop = Event()
        self._thread = Thread(target=self._run, name="letters", daemon=True)

    def start(self) -> None:
        self._told.update(self._folder.glob("*.eml"))
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_SECONDS * 3)

    def _run(self) -> None:
        while not self._stop.wait(_SECONDS):
            try:
                deliver_letters(services())
            except Exception:  # the job comes back; the next second is another try
                _logger.exception("A letter could not be sent; it is tried again")
            for path in sorted(set(self._folder.glob("*.eml")) - self._told):
                self._told.add(path)
                print(summary_of(path.read_bytes(), path), flush=True)


def summary_of(raw: bytes, path: Path) -> str:
    """What the terminal says of a letter: to whom, about what, its first link, where it lies."""
    message = message_from_bytes(raw, policy=policy.default)
    plain = message.get_body(["plain"]) if isinstance(message, EmailMessage) else None
    link = _LINK.search(plain.get_content()) if plain is not None else None
    line = f"Mail to {message['To']}: {message['Subject']} ({path})"
    return line if link is None else f"{line}\n  {link.group()}"
