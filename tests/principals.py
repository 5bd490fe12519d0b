"""One installation with everybody in it who could send a request, and what each of them holds.

Two tenants: Ada's workspace, with a member in every role, and the stranger's. Requests
are about what is Ada's (*own*), what is the stranger's (*foreign*), ids that nobody has
(*missing*), and what is no id at all (*nonsense*).
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from pyairtable_common.application.replica import Replicas
from pyairtable_common.application.services import Recent, Services
from pyairtable_common.application.suspension import suspend
from pyairtable_common.application.turns import Turns
from pyairtable_common.domain.clock import iso_from_ms
from pyairtable_common.domain.permissions import ALL_SCOPES, Role, Scope
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories.ports import Table
from quick_passwords import QuickPasswords
from world import PASSWORD, FakeClock, Person, World

ACCESS_TOKEN_MS = 15 * 60 * 1000
KINDS = {
    "base": "app", "table": "tbl", "field": "fld", "record": "rec", "workspace": "wsp", "user": "usr",
    "newcomer": "usr", "collaborator": "usr", "invite": "inv", "session": "ses", "token": "pat",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. ``user_id`` is ``None`` for those whose credential proves nothing.

    ``roles`` are by the id of a workspace or base; ``resources`` ``None`` is everything.
    """

    name: str
    authorization: str | None
    user_id: str | None = None
    roles: Mapping[str, Role] = field(default_factory=dict)
    is_session: bool = True
    scopes: frozenset[Scope] = ALL_SCOPES
    resources: frozenset[str] | None = None

    def may_touch(self, *ids: str) -> bool:
        return self.resources is None or not self.resources.isdisjoint(ids)


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is about: ids that belong together, by the names that they have in paths.

    ``person_id`` is whose session and personal access token they are.
    """

    name: str
    ids: Mapping[str, str]
    person_id: str = ""

    def with_ids(self, name: str, **ids: str) -> "Target":
        return Target(name, {**self.ids, **ids}, self.person_id)


class Installation:
    """``rewind`` puts back every item as it was when the installation was ready."""

    def __init__(self, folder: Path) -> None:
        self._store = SqliteStore(":memory:")
        self._clock = FakeClock()
        self.world = World(folder, store=self._store, clock=self._clock)
        self.world.services = replace(self.world.services, passwords=QuickPasswords())
        cast = _Cast(self.world, self._clock)
        self.principals, self.targets = cast.principals(), cast.targets()
        self._snapshot = sqlite3.connect(":memory:", check_same_thread=False)
        self._writer.backup(self._snapshot)

    def state(self) -> str:
        """A digest of all items but those that say when a token was used last."""
        digest = sha256()
        for table in Table:
            rows = self._writer.execute(
                f"SELECT pk, sk, v, ttl, data FROM {table.value} WHERE pk NOT LIKE '%#USE' ORDER BY pk, sk"  # noqa: S608
            )
            for row in rows:
                digest.update(repr(row).encode())
        return digest.hexdigest()

    def rewind(self) -> None:
        self._snapshot.backup(self._writer)
        self.world.services = _with_nothing_remembered(self.world.services)

    @property
    def _writer(self) -> sqlite3.Connection:
        return self._store._connections._writer


class _Cast:
    """Ada's first hour: some of what she was given is over by now."""

    def __init__(self, world: World, clock: FakeClock) -> None:
        self.world = world
        early = world.sign_up("Ada")
        soon = iso_from_ms(clock.milliseconds + 1000)
        self.expired_session = early.token
        self.expired_token = _token(early, ALL_SCOPES, expiresTime=soon)
        clock.milliseconds += ACCESS_TOKEN_MS + 1000
        self.ada = _signed_in(world, early)
        self.second_workspace: str = self.ada.expect(201, "POST", "/v1/workspaces", {"name": "Two"})["id"]
        self.own = _possessions(self.ada)
        self.members = {role: world.sign_up(role.word) for role in Role}
        self.plain_member, self.former, self.suspended = map(world.sign_up, ("Rita", "Felix", "Sue"))
        for role, member in self.members.items():
            self.ada.share_workspace(member, role.word)
        self.ada.share_workspace(self.plain_member, "read")
        self.ada.share_workspace(self.former, "creator")
        self.ada.share_workspace(self.suspended, "creator")
        members = f"/v1/workspaces/{self.ada.workspace_id}/members"
        self.ada.expect(200, "DELETE", f"{members}/{self.former.user_id}")
        self.collaborator = world.sign_up("Cora")
        _let_into_base(self.ada, self.own["base"], self.collaborator)
        self.suspended_token = _token(self.suspended, ALL_SCOPES)
        suspend(world.services, self.suspended.user_id)
        self.stranger = world.sign_up("Stranger")
        self.strange_member = world.sign_up("Sven")
        self.stranger.share_workspace(self.strange_member, "read")
        self.foreign = _possessions(self.stranger)
        self.strange_guest = world.sign_up("Carl")
        _let_into_base(self.stranger, self.foreign["base"], self.strange_guest)

    def targets(self) -> Sequence[Target]:
        newcomer = self.world.sign_up("Nina").user_id
        own = {**self.own, "user": self.plain_member.user_id, "newcomer": newcomer}
        foreign = {**self.foreign, "user": self.strange_member.user_id, "newcomer": newcomer}
        own["collaborator"], foreign["collaborator"] = self.collaborator.user_id, self.strange_guest.user_id
        return [
            Target("own", own, self.ada.user_id),
            Target("foreign", foreign, self.stranger.user_id),
            Target("missing", {name: kind + "Z" * 14 for name, kind in KINDS.items()}),
            Target("nonsense", dict.fromkeys(KINDS, "nonsense")),
        ]

    def principals(self) -> Sequence[Principal]:
        return [*self._nobodies(), *self._people(), *self._tokens()]

    def _nobodies(self) -> Sequence[Principal]:
        revoked = _token(self.ada, ALL_SCOPES)
        for token in self.ada.expect(200, "GET", "/v1/auth/tokens")["tokens"]:
            if revoked.startswith(token["id"]):
                self.ada.expect(200, "DELETE", f"/v1/auth/tokens/{token['id']}")
        ended = _signed_in(self.world, self.ada)
        ended.expect(200, "POST", "/v1/auth/logout")
        flipped = self.ada.token[:-5] + ("A" if self.ada.token[-5] != "A" else "B") + self.ada.token[-4:]
        credentials = {
            "garbage": "garbage",
            "a token that is none": "pat" + "A" * 14 + "." + "0" * 64,
            "a forged session": flipped,
            "an expired session": self.expired_session,
            "an expired token": self.expired_token,
            "a revoked token": revoked,
            "an ended session": ended.token,
            "a suspended person's session": self.suspended.token,
            "a suspended person's token": self.suspended_token,
        }
        return [
            Principal("anonymous", None),
            Principal("another scheme", "Basic YWRhOmFkYQ=="),
            *(Principal(name, f"Bearer {text}") for name, text in credentials.items()),
        ]

    def _people(self) -> Sequence[Principal]:
        workspace = self.ada.workspace_id
        return [
            _person("the owner", self.ada, {workspace: Role.OWNER, self.second_workspace: Role.OWNER}),
            *(
                _person(f"a member: {role.word}", person, {workspace: role})
                for role, person in self.members.items()
            ),
            _person("a collaborator in the base: editor", self.collaborator, {self.own["base"]: Role.EDITOR}),
            _person("a former member", self.former, {}),
            _person("another tenant's owner", self.stranger, {}),
        ]

    def _tokens(self) -> Sequence[Principal]:
        owner = self._people()[0]
        reader = next(one for one in self._people() if one.name == "a member: read")
        bound = {
            "the base": self.own["base"],
            "the workspace": self.ada.workspace_id,
            "another workspace": self.second_workspace,
        }
        return [
            _holder("the owner's token for all", owner, _token(self.ada, ALL_SCOPES)),
            *(
                _holder(
                    f"the owner's token for {scope.value} alone", owner, _token(self.ada, [scope]), [scope]
                )
                for scope in Scope
            ),
            *(
                _holder(
                    f"the owner's token for all but {scope.value}",
                    owner,
                    _token(self.ada, ALL_SCOPES - {scope}),
                    ALL_SCOPES - {scope},
                )
                for scope in Scope
            ),
            *(
                replace(
                    _holder(
                        f"the owner's token for {name}", owner, _token(self.ada, ALL_SCOPES, resources=[one])
                    ),
                    resources=frozenset([one]),
                )
                for name, one in bound.items()
            ),
            _holder("a reader's token for all", reader, _token(self.members[Role.READ], ALL_SCOPES)),
        ]


def _person(name: str, person: Person, roles: Mapping[str, Role]) -> Principal:
    """Everybody owns the workspace that they began with."""
    return Principal(
        name, f"Bearer {person.token}", person.user_id, {person.workspace_id: Role.OWNER, **roles}
    )


def _holder(
    name: str, person: Principal, token: str, scopes: Sequence[Scope] | frozenset[Scope] = ALL_SCOPES
) -> Principal:
    return replace(
        person, name=name, authorization=f"Bearer {token}", is_session=False, scopes=frozenset(scopes)
    )


def _token(person: Person, scopes: Sequence[Scope] | frozenset[Scope], **more: object) -> str:
    words = sorted(scope.value for scope in scopes)
    made = person.expect(201, "POST", "/v1/auth/tokens", {"name": "t", "scopes": words, **more})
    token: str = made["token"]
    return token


def _signed_in(world: World, person: Person) -> Person:
    body = {"email": person.email, "password": PASSWORD}
    return replace(person, token=world.expect(200, "POST", "/v1/auth/login", body)["accessToken"])


def _let_into_base(owner: Person, base_id: str, guest: Person) -> None:
    place = f"/v1/workspaces/{owner.workspace_id}/bases/{base_id}/collaborators"
    owner.expect(201, "POST", place, {"userId": guest.user_id, "role": Role.EDITOR.word})


def _possessions(person: Person) -> Mapping[str, str]:
    base = person.create_base()
    spare = _signed_in(person.world, person)
    invites = f"/v1/workspaces/{person.workspace_id}/invites"
    sessions = spare.expect(200, "GET", "/v1/auth/sessions")["sessions"]
    made = person.expect(201, "POST", "/v1/auth/tokens", {"name": "t", "scopes": ["data.records:read"]})
    return {
        "base": base.id,
        "table": str(base.tables[0]["id"]),
        "field": str(base.tables[0]["fields"][0]["id"]),
        "record": base.create({"Name": "Ada"})[0]["id"],
        "workspace": person.workspace_id,
        "invite": person.expect(201, "POST", invites, {"email": "guest@example.com", "role": "read"})["id"],
        "session": next(session["id"] for session in sessions if session["current"]),
        "token": made["id"],
    }


def _with_nothing_remembered(services: Services) -> Services:
    return replace(
        services,
        schemas=Recent(100),
        homes=Recent(10_000),
        token_uses=Recent(10_000),
        turns=Turns(),
        replicas=Replicas(),
    )
