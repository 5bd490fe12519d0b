"""``Mail`` as files in a folder, one per message, in the form any mail reader opens."""

import secrets
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

from pyairtable_common.repositories.ports import Message


class FolderMail:
    """Keeps each message as ``<milliseconds>-<random>.eml``; ``now_ms`` gives epoch milliseconds."""

    def __init__(self, folder: str | Path, now_ms: Callable[[], int]) -> None:
        self._folder = Path(folder)
        self._now_ms = now_ms

    def send(self, message: Message) -> None:
        letter = EmailMessage()
        letter["To"] = message.to
        letter["Subject"] = message.subject
        letter.set_content(message.text)
        if message.html is not None:
            letter.add_alternative(message.html, subtype="html")
        self._folder.mkdir(parents=True, exist_ok=True)
        name = f"{self._now_ms():013d}-{secrets.token_hex(4)}.eml"
        (self._folder / name).write_bytes(bytes(letter))
