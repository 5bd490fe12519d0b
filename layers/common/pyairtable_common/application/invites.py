"""Invites: made and taken back by those who may add members, answered by whoever has the mailed link.

Whether an address has an account is never looked at, so the inviter learns
nothing of it. Accepting is one transaction, the membership both ways round, the
end of the invite and the workspace's event of both: there is no half-way, and
so no saga. The link came by mail: whoever has it has read the mail of that address.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pyairtable_common.application.guesses import count_mail
from pyairtable_common.application.log_writes import Plan, ResultCodec, write_log
from pyairtable_common.application.mailings import Kind as Letters
from pyairtable_common.application.mailings import request_letter
from pyairtable_common.application.services import Services
from pyairtable_common.application.sessions import own_store
from pyairtable_common.application.workspace_access import WorkspaceAccess
from pyairtable_common.domain.errors import InvalidLink, NotPermitted, NotPermittedOrNotFound, TooManyInvites
from pyairtable_common.domain.events import Kind, Operation
from pyairtable_common.domain.ids import INVITE, is_id
from pyairtable_common.domain.invites import (
    LIFETIME_MS,
    MOST_PENDING,
    Invite,
    InviteToken,
    State,
    invite_id_of,
    parse_invite_token,
)
from pyairtable_common.domain.permissions import Principal, Role
from pyairtable_common.domain.users import email_digest, normalised_email
from pyairtable_common.domain.workspaces import Membership
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.documents import integer, text
from pyairtable_common.repositories.identity import user_of
from pyairtable_common.repositories.invites import (
    invite_document,
    invite_item,
    invite_of,
    invite_of_document,
    invites_changed,
)
from pyairtable_common.repositories.pages import all_items
from pyairtable_common.repositories.ports import Absent, Delete, Item, Key, Put, Table, VersionIs, Write
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore
from pyairtable_common.repositories.tenancy import (
    members_changed,
    membership_of,
    membership_writes,
    role_of,
    workspace_of,
)


@dataclass(frozen=True, slots=True)
class InviteDraft:
    """An address, as it was typed, and the role that it is offered."""

    email: str
    role: Role


def list_invites(access: WorkspaceAccess) -> Sequence[Invite]:
    """Those that may still be accepted, by id."""
    now = access.services.clock.now_ms()
    return [invite for invite in _all_invites(access) if invite.is_open(now)]


def create_invite(access: WorkspaceAccess, operation: Operation, draft: InviteDraft) -> Invite:
    """Offers an address a role and asks for the letter; an earlier offer to it is void.

    Raises ``Invalid``, ``NotPermitted`` for a role above the caller's, ``TooManyInvites`` or ``RateLimited``.
    """
    email = normalised_email(draft.email)
    key = keys.invite(access.workspace.id, invite_id_of(access.workspace.id, email))

    def decide(view: WorkspaceAccess, sequence: int) -> Plan[Invite]:
        item = _read(view, operation, key, draft.role)
        _require_room(view, key)
        now = operation.at_ms
        invite = Invite(
            key.sk.removeprefix(keys.INVITES),
            view.workspace.id,
            email,
            draft.role,
            operation.actor_id,
            now,
            now + LIFETIME_MS,
        )
        return _change(item, invite, sequence)

    count_mail(access.services, email_digest(email))
    return _mailed(access, write_log(access, operation, decide, _INVITE))


def resend_invite(access: WorkspaceAccess, operation: Operation, invite_id: str) -> Invite:
    """Another letter with another link, for another seven days; the earlier link is void.

    Raises ``NotPermittedOrNotFound`` for what is not pending, else what ``create_invite`` raises.
    """
    key = _key(access, invite_id)
    waiting = access.read([key])[key]
    if waiting is not None:
        count_mail(access.services, email_digest(invite_of(waiting).email))

    def decide(view: WorkspaceAccess, sequence: int) -> Plan[Invite]:
        item, invite = _read_pending(view, operation, key)
        renewed = replace(
            invite, expires_ms=operation.at_ms + LIFETIME_MS, digest=None, inviter_id=operation.actor_id
        )
        return _change(item, renewed, sequence)

    return _mailed(access, write_log(access, operation, decide, _INVITE))


def revoke_invite(access: WorkspaceAccess, operation: Operation, invite_id: str) -> None:
    """Raises ``NotPermittedOrNotFound`` for what is not pending, ``NotPermitted`` for what is above one."""
    key = _key(access, invite_id)

    def decide(view: WorkspaceAccess, _sequence: int) -> Plan[Invite]:
        item, invite = _read_pending(view, operation, key)
        told = invites_changed({invite.id: (invite, None)})
        return Plan(Kind.INVITES_CHANGED, told, [Delete(key, VersionIs(item.version))], invite)

    write_log(access, operation, decide, _INVITE)


def accept_invite(services: Services, user_id: str, operation: Operation, text: str) -> Membership:
    """Makes this user a member, once; whoever is one already keeps their role. Raises ``InvalidLink``.

    The account must have the address that was invited, and the inviter must still
    be one who may offer that role.
    """
    token = _require_token(text)
    email = _address_of(services, user_id)

    def decide(view: WorkspaceAccess, sequence: int) -> Plan[Membership]:
        item, invite = _require_invite(view, token)
        own, inviter = (keys.member(view.workspace.id, one) for one in (user_id, invite.inviter_id))
        present = view.read([own, inviter])
        there = present[own]
        if invite.email != email:
            raise InvalidLink
        if invite.state is State.ACCEPTED and invite.user_id == user_id and there is not None:
            return Plan(Kind.MEMBERS_CHANGED, {}, [], membership_of(there))
        if not invite.is_open(services.clock.now_ms()) or not _may_offer(present[inviter], invite.role):
            raise InvalidLink
        accepted = replace(invite, state=State.ACCEPTED, user_id=user_id)
        return _joining(item, accepted, user_id, there, sequence)

    return write_log(_open(services, user_id, token), operation, decide, _MEMBERSHIP)


def decline_invite(services: Services, text: str, operation: Operation) -> None:
    """Ends an invite, on the word of whoever has its link. Raises ``InvalidLink``."""
    token = _require_token(text)

    def decide(view: WorkspaceAccess, sequence: int) -> Plan[Invite]:
        item, invite = _require_invite(view, token)
        if invite.state is State.DECLINED:
            return Plan(Kind.INVITES_CHANGED, {}, [], invite)
        if not invite.is_open(services.clock.now_ms()):
            raise InvalidLink
        return _change(item, replace(invite, state=State.DECLINED), sequence)

    write_log(_open(services, operation.actor_id, token), operation, decide, _INVITE)


def require_invited(services: Services, text: str, email: str) -> None:
    """Raises ``InvalidLink`` unless this link was mailed to this address; it may be used up."""
    token = _require_token(text)
    key = keys.invite(token.workspace_id, token.invite_id)
    store = ScopedStore(services.store, [Grant(Table.TENANCY, token.workspace_id, Access.READ)])
    item = store.get([key]).get(key)
    if item is None or not _opens(token, invite_of(item)) or invite_of(item).email != email:
        raise InvalidLink
    answered = invite_of(item).state is State.ACCEPTED
    if not answered and not invite_of(item).is_open(services.clock.now_ms()):
        raise InvalidLink


def invite_actor(text: str) -> str:
    """Who answers an invite without having signed in: the invite's id. Raises ``InvalidLink``."""
    return _require_token(text).invite_id


def _all_invites(access: WorkspaceAccess) -> Sequence[Invite]:
    items = all_items(access.store, Table.TENANCY, access.workspace.id, prefix=keys.INVITES)
    return [invite_of(item) for item in items]


def _require_room(view: WorkspaceAccess, replaced: Key) -> None:
    now = view.services.clock.now_ms()
    others = [
        one
        for one in _all_invites(view)
        if one.is_open(now) and one.id != replaced.sk.removeprefix(keys.INVITES)
    ]
    if len(others) >= MOST_PENDING:
        raise TooManyInvites


def _key(access: WorkspaceAccess, invite_id: str) -> Key:
    if not is_id(invite_id, INVITE):
        raise NotPermittedOrNotFound
    return keys.invite(access.workspace.id, invite_id)


def _read(view: WorkspaceAccess, operation: Operation, key: Key, role: Role) -> Item | None:
    """What lies at an invite's key, if the actor may, at this moment, offer ``role``."""
    actor = keys.member(view.workspace.id, operation.actor_id)
    found = view.read([actor, key])
    membership = found[actor]
    if membership is None or role_of(membership) < Role.CREATOR:
        raise NotPermittedOrNotFound
    if role_of(membership) < role:
        raise NotPermitted
    return found[key]


def _read_pending(view: WorkspaceAccess, operation: Operation, key: Key) -> tuple[Item, Invite]:
    item = _read(view, operation, key, Role.CREATOR)
    if item is None or invite_of(item).state is not State.PENDING:
        raise NotPermittedOrNotFound
    _read(view, operation, key, invite_of(item).role)
    return item, invite_of(item)


def _change(item: Item | None, invite: Invite, sequence: int) -> Plan[Invite]:
    before = None if item is None else invite_of(item)
    expect = Absent() if item is None else VersionIs(item.version)
    version = sequence if item is None else max(sequence, item.version + 1)
    told = invites_changed({invite.id: (before, invite)})
    return Plan(Kind.INVITES_CHANGED, told, [Put(invite_item(invite, version), expect)], invite)


def _mailed(access: WorkspaceAccess, invite: Invite) -> Invite:
    """The letter is asked for again whenever the answer is given again, lest it was lost with the answer."""
    request_letter(access.services, Letters.INVITE, invite.workspace_id, invite.id)
    return invite


def _require_token(text: str) -> InviteToken:
    token = parse_invite_token(text)
    if token is None:
        raise InvalidLink
    return token


def _opens(token: InviteToken, invite: Invite) -> bool:
    return hmac.compare_digest(invite.digest or "", token.digest)


def _open(services: Services, actor_id: str, token: InviteToken) -> WorkspaceAccess:
    """The workspace that somebody is invited to, for no more than to answer. Raises ``InvalidLink``."""
    # Only decide() of the callers writes here, and what it writes is the answer to this one invite.
    grants = frozenset(Grant(Table.TENANCY, owner, Access.WRITE) for owner in (token.workspace_id, actor_id))
    key = keys.invite(token.workspace_id, token.invite_id)
    head = keys.workspace(token.workspace_id)
    found = ScopedStore(services.store, grants).get([head, key])
    if head not in found or key not in found or not _opens(token, invite_of(found[key])):
        raise InvalidLink
    principal = Principal(actor_id, token.invite_id, frozenset(), frozenset(), is_session=False)
    return WorkspaceAccess(
        services, grants, principal, Role.READ, workspace_of(found[head]), {key: found[key]}
    )


def _require_invite(view: WorkspaceAccess, token: InviteToken) -> tuple[Item, Invite]:
    key = keys.invite(token.workspace_id, token.invite_id)
    item = view.read([key])[key]
    if item is None or not _opens(token, invite_of(item)):
        raise InvalidLink
    return item, invite_of(item)


def _may_offer(membership: Item | None, role: Role) -> bool:
    return membership is not None and role_of(membership) >= max(role, Role.CREATOR)


def _joining(
    item: Item, accepted: Invite, user_id: str, there: Item | None, sequence: int
) -> Plan[Membership]:
    ended = _change(item, accepted, sequence)
    if there is not None:
        return Plan(ended.kind, ended.data, ended.writes, membership_of(there))
    membership = Membership(accepted.workspace_id, user_id, accepted.role)
    told = {**members_changed({membership.user_id: (None, membership.role)}), **ended.data}
    writes: list[Write] = [*membership_writes(membership, sequence, Absent()), *ended.writes]
    return Plan(Kind.MEMBERS_CHANGED, told, writes, membership)


def _address_of(services: Services, user_id: str) -> str:
    key = keys.user(user_id)
    item = own_store(services, user_id).get([key]).get(key)
    if item is None:
        raise InvalidLink
    return user_of(item).email


_INVITE: ResultCodec[Invite] = ResultCodec(invite_document, invite_of_document)
_MEMBERSHIP: ResultCodec[Membership] = ResultCodec(
    lambda one: {"workspace": one.workspace_id, "user": one.user_id, "role": one.role.value},
    lambda raw: Membership(text(raw, "workspace"), text(raw, "user"), Role(integer(raw, "role"))),
)
