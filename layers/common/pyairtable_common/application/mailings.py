"""Letters, sent behind the request that asked for them.

A request puts a job in the queue and is done: it neither looks whether an
address is known nor waits for mail, so it takes the same time for all, and what
was answered is not lost. A worker takes the job, makes the link and sends the
letter; only then the job is gone. A letter may come twice, and then the link in
the later one counts. No secret is ever in the queue.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from pyairtable_common.application.attempts import attempts, fresh_token
from pyairtable_common.application.services import Services
from pyairtable_common.application.sessions import find_user_id, fresh_secret, is_suspended, own_store
from pyairtable_common.domain.errors import TryAgain
from pyairtable_common.domain.invites import InviteToken
from pyairtable_common.domain.letters import (
    Letter,
    address_taken_letter,
    invite_letter,
    password_changed_letter,
    password_reset_letter,
    verification_letter,
)
from pyairtable_common.domain.links import (
    REGISTRATION,
    RESET,
    RESET_MS,
    VERIFICATION,
    VERIFICATION_MS,
    Link,
    LinkToken,
)
from pyairtable_common.domain.users import User, email_digest
from pyairtable_common.repositories import codec, keys
from pyairtable_common.repositories.documents import integer, text
from pyairtable_common.repositories.identity import credentials_of, user_of
from pyairtable_common.repositories.invites import invite_item, invite_of
from pyairtable_common.repositories.links import link_item, link_of, pending_account_item, pending_account_of
from pyairtable_common.repositories.pages import all_items
from pyairtable_common.repositories.ports import (
    Absent,
    ConditionFailed,
    Item,
    Key,
    Message,
    Put,
    Store,
    Table,
    Unavailable,
    VersionIs,
)
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore

QUEUE = "mail"
_ANNOUNCED_SECONDS = 40
"""Longer than any request runs: by then, what was announced has happened or never will."""


class Kind(Enum):
    REGISTRATION = "registration"
    RESEND = "resend"
    RESET = "reset"
    INVITE = "invite"
    PASSWORD_CHANGED = "password changed"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Mailing:
    """A letter to be written: to an address or a user, or about a workspace (``subject``).

    ``link`` names the sign-up or the invite it is about, ``moment_ms`` the change of password.
    """

    kind: Kind
    subject: str
    link: str = ""
    moment_ms: int = 0


def request_letter(services: Services, kind: Kind, address: str, link: str = "") -> None:
    """Asks for a letter to an address, whoever has it."""
    _send(services, Mailing(kind, address, link))


def announce_password_change(services: Services, user_id: str, changed_ms: int) -> None:
    """Asks for the letter before the change is made: it is written if the change was made after all."""
    _send(services, Mailing(Kind.PASSWORD_CHANGED, user_id, moment_ms=changed_ms), _ANNOUNCED_SECONDS)


def deliver_letters(services: Services) -> int:
    """Takes jobs from the queue and sends their letters; how many jobs it took."""
    jobs = services.queue.receive(QUEUE)
    for job in jobs:
        deliver_letter(services, job.body)
        services.queue.acknowledge(QUEUE, job.receipt)
    return len(jobs)


def deliver_letter(services: Services, body: bytes) -> None:
    """Sends the letter that a job asks for, if there is still a reason to."""
    raw = codec.decode(body)
    mailing = Mailing(
        Kind(text(raw, "kind")), text(raw, "subject"), text(raw, "link"), integer(raw, "moment")
    )
    _WRITERS[mailing.kind](services, mailing)


def _send(services: Services, mailing: Mailing, delay_seconds: int = 0) -> None:
    body = codec.encode(
        {
            "kind": mailing.kind.value,
            "subject": mailing.subject,
            "link": mailing.link,
            "moment": mailing.moment_ms,
        }
    )
    services.queue.send(QUEUE, body, delay_seconds)


def _write_verification(services: Services, mailing: Mailing) -> None:
    """The link for a sign-up, or word of the attempt for whoever has the address already."""
    store, owner = _address_store(services, mailing.subject)
    key = keys.link(owner, mailing.link)
    waiting = store.get([key]).get(key)
    if waiting is None:
        return
    if _account_of(services, mailing.subject) is None:
        _mail_pending(services, store, waiting)
    else:
        _post(services, mailing.subject, address_taken_letter(services.public_url))


def _write_verification_again(services: Services, mailing: Mailing) -> None:
    """The link for the newest sign-up, or for the account there is, if it is not verified."""
    account = _account_of(services, mailing.subject)
    if account is None:
        store, owner = _address_store(services, mailing.subject)
        waiting = list(all_items(store, Table.IDENTITY, owner, prefix=keys.LINKS + REGISTRATION))
        if waiting:
            _mail_pending(services, store, max(waiting, key=lambda item: link_of(item).expires_ms))
        return
    user, credentials = account
    if credentials_of(credentials).verified_ms is None and not is_suspended(credentials):
        token = _issue(services, user, VERIFICATION, VERIFICATION_MS)
        _post(services, user.email, verification_letter(services.public_url, token.text))


def _write_reset(services: Services, mailing: Mailing) -> None:
    account = _account_of(services, mailing.subject)
    if account is None or is_suspended(account[1]):
        return
    user, _ = account
    token = _issue(services, user, RESET, RESET_MS)
    _post(services, user.email, password_reset_letter(services.public_url, token.text))


def _write_invite(services: Services, mailing: Mailing) -> None:
    """The link of an invite that is still open; an earlier one is dead."""
    key = keys.invite(mailing.subject, mailing.link)
    store = ScopedStore(services.store, [Grant(Table.TENANCY, key.owner, Access.WRITE)])
    token = InviteToken(mailing.subject, mailing.link, fresh_secret(services))
    for _ in attempts(services):
        try:
            item = store.get([key]).get(key)
            if item is None or not invite_of(item).is_open(services.clock.now_ms()):
                return
            linked = replace(invite_of(item), digest=token.digest)
            write = Put(invite_item(linked, item.version + 1), VersionIs(item.version))
            store.transact([write], fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        _post(services, linked.email, invite_letter(services.public_url, token.text))
        return
    raise TryAgain


def _write_password_changed(services: Services, mailing: Mailing) -> None:
    account = _account(services, mailing.subject)
    if account is not None and credentials_of(account[1]).changed_ms == mailing.moment_ms:
        _post(services, account[0].email, password_changed_letter(services.public_url))


_WRITERS: Mapping[Kind, Callable[[Services, Mailing], None]] = {
    Kind.REGISTRATION: _write_verification,
    Kind.RESEND: _write_verification_again,
    Kind.RESET: _write_reset,
    Kind.INVITE: _write_invite,
    Kind.PASSWORD_CHANGED: _write_password_changed,
}


def _account_of(services: Services, address: str) -> tuple[User, Item] | None:
    return _account(services, find_user_id(services, address))


def _account(services: Services, user_id: str) -> tuple[User, Item] | None:
    """A user and their credentials' item."""
    found = own_store(services, user_id).get([keys.user(user_id), keys.credentials(user_id)])
    user, credentials = found.get(keys.user(user_id)), found.get(keys.credentials(user_id))
    return None if user is None or credentials is None else (user_of(user), credentials)


def _address_store(services: Services, address: str) -> tuple[Store, str]:
    """What belongs to an address, and its owner id."""
    owner = keys.email(email_digest(address)).owner
    return ScopedStore(services.store, [Grant(Table.IDENTITY, owner, Access.WRITE)]), owner


def _issue(services: Services, user: User, name: str, lifetime_ms: int) -> LinkToken:
    """A fresh link of an account; an earlier one of the same name is dead."""
    token = LinkToken(user.id, name, fresh_secret(services))
    link = Link(token.digest, services.clock.now_ms() + lifetime_ms)
    key = keys.link(user.id, name)
    _replace(services, own_store(services, user.id), key, lambda version: link_item(key, link, version))
    return token


def _mail_pending(services: Services, store: Store, item: Item) -> None:
    pending = pending_account_of(item)
    token = LinkToken(item.key.owner, item.key.sk.removeprefix(keys.LINKS), fresh_secret(services))
    mailed = replace(pending, link=replace(pending.link, digest=token.digest))
    _replace(services, store, item.key, lambda version: pending_account_item(item.key, mailed, version))
    _post(services, pending.email, verification_letter(services.public_url, token.text))


def _replace(services: Services, store: Store, key: Key, item_of: Callable[[int], Item]) -> None:
    """Writes an item over whatever is there."""
    for _ in attempts(services):
        try:
            there = store.get([key]).get(key)
            if there is None:
                store.transact([Put(item_of(1), Absent())], fresh_token(services))
            else:
                write = Put(item_of(there.version + 1), VersionIs(there.version))
                store.transact([write], fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        return
    raise TryAgain


def _post(services: Services, address: str, letter: Letter) -> None:
    services.mail.send(Message(address, letter.subject, letter.text, letter.html))
