"""A whole installation in memory: every service, its own clock and seeded ids, behind the gateway.

Requests go through the local gateway and the real handlers; only the socket is missing.
"""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from auth_api.routes import router as auth
from local.events import Request
from local.gateway import Gateway, Sources
from local.templates import Interface, read_services
from pyairtable_common.application.rate_limits import RateLimiter
from pyairtable_common.application.services import Services
from pyairtable_common.domain.clock import Clock
from pyairtable_common.domain.ids import RandomIds
from pyairtable_common.domain.rate_limits import Profile
from pyairtable_common.engines.files.blobs import FolderBlobs
from pyairtable_common.engines.files.mail import FolderMail
from pyairtable_common.engines.security.access_tokens import JwtAccessTokens
from pyairtable_common.engines.security.derived_secrets import HmacSecrets
from pyairtable_common.engines.security.passwords import Argon2Passwords
from pyairtable_common.engines.security.signing_keys import SigningKeys, make_keys
from pyairtable_common.engines.sqlite.counters import SqliteCounters
from pyairtable_common.engines.sqlite.queue import SqliteQueue
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.observability import Observer, note_limiter_outage
from pyairtable_common.repositories.ports import Counters, Store
from pyairtable_common.web.chalice_app import build_handler
from records_api.routes import router as records
from tables_api.routes import router as tables
from users_api.routes import router as users
from workspaces_api.routes import router as workspaces

ROOT = Path(__file__).parent.parent
ROUTERS = {"auth": auth, "users": users, "workspaces": workspaces, "tables": tables, "records": records}
PASSWORD = "violet kettle under seven moons"
ISSUER = "https://pyairtable.test"
UNLIMITED = Profile(token=None, user=None, base=None, address=None, guesses=None)

PEOPLE_FIELDS = [
    {"name": "Name", "type": "singleLineText"},
    {"name": "Notes", "type": "multilineText"},
    {"name": "Age", "type": "number", "options": {"precision": 1}},
    {"name": "Member", "type": "checkbox", "options": {"icon": "check", "color": "greenBright"}},
    {"name": "Team", "type": "singleSelect", "options": {"choices": [{"name": "Red"}, {"name": "Blue"}]}},
    {"name": "Born", "type": "date", "options": {"dateFormat": {"name": "iso"}}},
    {"name": "Mail", "type": "email"},
    {"name": "Site", "type": "url"},
]


class FakeClock:
    """Moves only when somebody sleeps or sets it."""

    def __init__(self, now_ms: int = 1_780_000_000_000) -> None:
        self.milliseconds = now_ms

    def now_ms(self) -> int:
        return self.milliseconds

    def sleep(self, seconds: float) -> None:
        self.milliseconds += int(seconds * 1000)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: ``json`` is ``None`` without a body, and the text itself of what is no JSON."""

    status: int
    json: Any
    headers: Mapping[str, str]

    @property
    def error_type(self) -> str:
        """The ``type`` of an error, in whichever envelope."""
        error = self.json["error"]
        return error if isinstance(error, str) else error["type"]


class World:
    """One installation. ``store`` and ``counters`` are engines of the test's choice: SQLite in memory else.

    Two worlds with the same of both are two containers of one installation. There are no limits unless given.
    """

    def __init__(
        self,
        folder: Path,
        *,
        store: Store | None = None,
        clock: Clock | None = None,
        seed: int = 1,
        counters: Counters | None = None,
        limits: Profile | None = None,
    ) -> None:
        self.clock = clock or FakeClock()
        self.random = random.Random(seed)
        self.services = Services(
            store=store or SqliteStore(":memory:"),
            blobs=FolderBlobs(folder / "files"),
            mail=FolderMail(folder / "mail", self.clock.now_ms),
            queue=SqliteQueue(":memory:", lambda: self.clock.now_ms() / 1000),
            clock=self.clock,
            ids=RandomIds(self.clock.now_ms, self.random.randrange),
            below=self.random.randrange,
            access_tokens=JwtAccessTokens(_keys, ISSUER),
            passwords=Argon2Passwords(),
            limiter=RateLimiter(
                counters or SqliteCounters(":memory:", self.clock.now_ms),
                self.clock,
                limits or UNLIMITED,
                note_limiter_outage,
            ),
            edge_proof="",
            derived=HmacSecrets(_keys),
            public_url=ISSUER,
            require_verification=False,
        )
        requests = count(1)
        interface = _interface()
        handlers = {
            service: build_handler(service, router, lambda: self.services, Observer(service))
            for service, router in ROUTERS.items()
        }
        self._gateway = Gateway(
            interface,
            {route.function: handlers[route.function.folder.name] for route in interface.routes},
            Sources(
                lambda: datetime.fromtimestamp(self.clock.now_ms() / 1000, UTC),
                lambda: f"request-{next(requests)}",
            ),
        )

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        query: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        address: str = "203.0.113.7",
    ) -> Answer:
        """One request from an address. ``body`` is sent as JSON unless it is bytes; ``path`` is raw."""
        sent = {"content-type": "application/json", "host": "pyairtable.test", **(headers or {})}
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        answer = self._gateway.respond(
            Request(method, path, urlencode(query), tuple(sent.items()), raw, address)
        )
        told = {name.lower(): value for name, value in answer.headers}
        is_json = told.get("content-type", "").startswith("application/json")
        text = answer.body.decode()
        parsed = json.loads(text) if text and is_json else text or None
        return Answer(answer.status, parsed, told)

    def expect(self, status: int, method: str, path: str, body: object = None, **how: Any) -> Any:
        """The answer's JSON; the status must be ``status``."""
        answer = self.call(method, path, body, **how)
        assert answer.status == status, (method, path, answer)
        return answer.json

    def sign_up(self, name: str = "Ada") -> "Person":
        """A new account with its first workspace, signed in."""
        email = f"{name.lower()}-{self.random.randrange(10**12)}@example.org"
        answer = self.expect(
            201, "POST", "/v1/auth/register", {"email": email, "password": PASSWORD, "name": name}
        )
        return Person(self, answer["user"]["id"], email, answer["accessToken"], answer["workspace"]["id"])


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account."""

    world: World
    user_id: str
    email: str
    token: str
    workspace_id: str

    def call(self, method: str, path: str, body: object = None, **how: Any) -> Answer:
        return self.world.call(method, path, body, token=self.token, **how)

    def expect(self, status: int, method: str, path: str, body: object = None, **how: Any) -> Any:
        return self.world.expect(status, method, path, body, token=self.token, **how)

    def personal_token(self, *scopes: str, resources: Sequence[str] | None = None) -> str:
        body: dict[str, object] = {"name": "test", "scopes": list(scopes)}
        if resources is not None:
            body["resources"] = list(resources)
        token: str = self.expect(201, "POST", "/v1/auth/tokens", body)["token"]
        return token

    def create_base(self, *tables: Mapping[str, object], name: str = "Base") -> "BaseOf":
        """A base in the first workspace; one table of people unless others are given."""
        wanted = tables or ({"name": "People", "fields": PEOPLE_FIELDS},)
        body = {"name": name, "workspaceId": self.workspace_id, "tables": list(wanted)}
        made = self.expect(200, "POST", "/v0/meta/bases", body)
        return BaseOf(self, made["id"], made["tables"])

    def share_workspace(self, guest: "Person", role: str) -> None:
        self.expect(
            201,
            "POST",
            f"/v1/workspaces/{self.workspace_id}/members",
            {"userId": guest.user_id, "role": role},
        )


@dataclass(frozen=True, slots=True)
class BaseOf:
    """A base, as its owner sees it."""

    owner: Person
    id: str
    tables: Sequence[Mapping[str, Any]]

    @property
    def path(self) -> str:
        """The first table's, by id."""
        return self.path_of(self.tables[0]["id"])

    def path_of(self, table: str) -> str:
        return f"/v0/{self.id}/{quote(table, safe='')}"

    def create(self, *rows: Mapping[str, object], **how: Any) -> Sequence[Mapping[str, Any]]:
        """Records of the first table, in batches of ten."""
        made: list[Mapping[str, Any]] = []
        for start in range(0, len(rows), 10):
            body = {"records": [{"fields": row} for row in rows[start : start + 10]]}
            made += self.owner.expect(200, "POST", self.path, body, **how)["records"]
        return made


@cache
def _interface() -> Interface:
    return read_services(ROOT / "functions")


@cache
def _keys() -> SigningKeys:
    return make_keys()
