"""The letters that an installation has sent, as their readers see them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from pyairtable_common.application.mailings import deliver_letters
from world import World

_TOKEN = re.compile(r"https://pyairtable\.test/([a-z/-]+)#token=(\S+)")
_ANNOUNCED_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Letter:
    to: str
    subject: str
    text: str
    html: str

    @property
    def token(self) -> str:
        """Of the one link that carries one."""
        ((_, token),) = _TOKEN.findall(self.text)
        return str(token)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where ``World(folder)`` puts its mail, and the worker that sends it."""

    world: World
    folder: Path

    def deliver(self) -> Sequence[Letter]:
        """Lets the worker do all there is to do; the letters that it sent, in the order of their moments."""
        self.world.clock.sleep(_ANNOUNCED_SECONDS)
        before = set(self._files())
        while deliver_letters(self.world.services):
            self.world.clock.sleep(0.001)
        return [_read(path) for path in self._files() if path not in before]

    def received(self) -> Sequence[Letter]:
        """Everything that ever came, in the order of its moments."""
        return [_read(path) for path in self._files()]

    def _files(self) -> Sequence[Path]:
        return sorted((self.folder / "mail").glob("*.eml"))


def _read(path: Path) -> Letter:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    plain, html = message.get_body(["plain"]), message.get_body(["html"])
    assert plain is not None
    assert html is not None
    return Letter(message["To"], message["Subject"], plain.get_content(), html.get_content())
