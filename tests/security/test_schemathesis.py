"""The services against their own OpenAPI document: what schemathesis makes up, valid and not.

Requests go through the gateway in this process. Each is sent with a good credential;
where the document lets an id or a token stand, every other request has a real one, so
that what lies behind the way in is reached too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from openapi.document import build_document
from quick_passwords import QuickPasswords
from world import PASSWORD, BaseOf, Person, World
from wsgi_gateway import wsgi_application

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    ignored_auth,
]
REFUSALS = [400, 401, 403, 404, 409, 413, 422]
# Each of these ends what the next request would need: it gets a person of its own.
LAST_REQUESTS = {
    "POST /v1/auth/logout",
    "POST /v1/auth/logout-all",
    "DELETE /v1/auth/sessions/{session}",
    "POST /v1/auth/password/change",
    "DELETE /v1/users/me",
    "POST /v1/users/me/restore",
}
EVERY_RUN: Mapping[str, int] = {"auth": 1200, "users": 900}
NIGHTLY: Mapping[str, int] = {
    "auth": 3000, "users": 2000, "workspaces": 1000, "tables": 2000, "records": 3000,
}  # fmt: skip


@pytest.mark.parametrize("service", EVERY_RUN)
def test_a_service_keeps_to_its_document(service: str, tmp_path: Path) -> None:
    assert _attack(service, EVERY_RUN[service], tmp_path) >= EVERY_RUN[service]


def test_two_thousand_requests_are_made_up_in_every_run_and_ten_thousand_at_night() -> None:
    assert sum(EVERY_RUN.values()) >= 2000
    assert sum(NIGHTLY.values()) >= 10_000


@pytest.mark.nightly
@pytest.mark.parametrize("service", NIGHTLY)
def test_a_service_keeps_to_its_document_all_night(service: str, tmp_path: Path) -> None:
    assert _attack(service, NIGHTLY[service], tmp_path) >= NIGHTLY[service]


def test_a_broken_promise_is_noticed(tmp_path: Path) -> None:
    """The checks themselves: a document that promises another answer is found wrong."""
    document = build_document()
    paths: Any = document["paths"]
    paths["/v1/auth/sessions"]["get"]["responses"] = {"204": {"description": "Nothing"}}
    stage = _Stage(tmp_path, document)
    stage.attack("GET /v1/auth/sessions", GenerationMode.POSITIVE, 1)
    assert any("Undocumented" in failure for failure in stage.failures)


def _attack(service: str, count: int, folder: Path) -> int:
    """How many requests were made; each was found right."""
    stage = _Stage(folder, build_document())
    labels = sorted(stage.operations[service])
    rich = [label for label in labels if stage.takes_much(label)]
    poor = [label for label in labels if label not in rich]
    for label in poor:
        stage.attack(label, GenerationMode.POSITIVE, 12)
    share = -(-max(0, count - stage.count) // (2 * len(rich)))
    for label in rich:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            stage.attack(label, mode, share)
    assert not stage.failures, "\n\n".join(stage.failures[:5]) + f"\n{len(stage.failures)} in all"
    return stage.count


@dataclass(frozen=True, slots=True)
class _Cast:
    """Somebody with everything that a request could name."""

    person: Person
    guest: Person
    base: BaseOf
    record_id: str
    session_id: str
    token_id: str
    token: str
    invite_id: str
    refresh_token: str

    @property
    def ids(self) -> Mapping[str, str]:
        return {
            "base": self.base.id,
            "table": str(self.base.tables[0]["id"]),
            "field": str(self.base.tables[0]["fields"][0]["id"]),
            "record": self.record_id,
            "session": self.session_id,
            "token": self.token_id,
            "user": self.guest.user_id,
            "workspace": self.person.workspace_id,
            "invite": self.invite_id,
        }

    @property
    def values(self) -> Mapping[str, Any]:
        """For the properties of bodies that cannot be made up."""
        return {
            "email": self.person.email,
            "password": PASSWORD,
            "oldPassword": PASSWORD,
            "refreshToken": self.refresh_token,
            "token": self.token,
            "workspaceId": self.person.workspace_id,
            "userId": self.guest.user_id,
            "resources": [self.base.id],
            "expiresTime": "2030-01-01T00:00:00.000Z",
            "fields": {"Name": "Ada", "Age": 36, "Member": True, "Team": "Red", "Born": "1815-12-10"},
        }


@dataclass
class _Stage:
    """One installation and its document; ``failures`` are told, not raised, so that all are seen."""

    folder: Path
    document: dict[str, Any]
    count: int = 0
    failures: list[str] = field(default_factory=list)
    operations: dict[str, dict[str, APIOperation[Any, Any, Any, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world = World(self.folder)
        self.world.services = replace(self.world.services, passwords=QuickPasswords())
        self.cast = self._new_cast()
        schema = schemathesis.openapi.from_dict(self.document, config=_config())
        schema.app = wsgi_application(self.world._gateway)
        for result in schema.get_all_operations():
            assert isinstance(result, Ok), result
            operation = result.ok()
            tags: Sequence[str] = operation.definition.raw["tags"]
            self.operations.setdefault(tags[0], {})[operation.label] = operation

    def takes_much(self, label: str) -> bool:
        """True if there is more to make up than a path."""
        operation = self._operation(label)
        return bool(operation.body.items or operation.query.items)

    def attack(self, label: str, mode: GenerationMode, count: int) -> None:
        operation = self._operation(label)

        @given(case=operation.as_strategy(generation_mode=mode), real=st.integers(0, 255))
        @settings(
            max_examples=count,
            database=None,
            derandomize=True,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def request(case: Case[Any], real: int) -> None:
            self._request(case, real)

        request()

    def _request(self, case: Case[Any], real: int) -> None:
        if case.operation.label in LAST_REQUESTS:
            self.cast = self._new_cast()
        _make_real(case, self.cast, real)
        headers = {"Authorization": f"Bearer {self.cast.person.token}"}
        self.count += 1
        try:
            response = case.call(headers=headers)
            case.validate_response(response, checks=CHECKS, headers=headers)
        except FailureGroup as group:
            self.failures += [f"{case.operation.label}: {failure}" for failure in group.exceptions]

    def _operation(self, label: str) -> APIOperation[Any, Any, Any, Any]:
        return next(service[label] for service in self.operations.values() if label in service)

    def _new_cast(self) -> _Cast:
        person, guest = self.world.sign_up("Ada"), self.world.sign_up("Grace")
        person.share_workspace(guest, "editor")
        base = person.create_base()
        signed_in = self.world.expect(
            200, "POST", "/v1/auth/login", {"email": person.email, "password": PASSWORD}
        )
        other = next(
            session
            for session in person.expect(200, "GET", "/v1/auth/sessions")["sessions"]
            if not session["current"]
        )
        invites = f"/v1/workspaces/{person.workspace_id}/invites"
        made = person.expect(201, "POST", "/v1/auth/tokens", {"name": "t", "scopes": ["data.records:read"]})
        return _Cast(
            person,
            guest,
            base,
            base.create({"Name": "Ada"})[0]["id"],
            other["id"],
            made["id"],
            made["token"],
            person.expect(201, "POST", invites, {"email": "guest@example.com", "role": "read"})["id"],
            signed_in["refreshToken"],
        )


def _config() -> SchemathesisConfig:
    config = SchemathesisConfig()
    config.projects.default.generation.with_security_parameters = False
    config.projects.default.checks.negative_data_rejection.expected_statuses = [str(one) for one in REFUSALS]
    return config


def _make_real(case: Case[Any], cast: _Cast, real: int) -> None:
    """Puts real ids and values where made-up valid ones stand: each one by a bit of ``real``."""
    meta = case.meta
    assert meta is not None
    bits = _bits(real)
    if not meta.is_negative_at(ParameterLocation.PATH):
        for name in case.path_parameters:
            if next(bits) or next(bits):
                case.path_parameters[name] = cast.ids[name]
    if isinstance(case.body, dict) and not meta.is_negative_at(ParameterLocation.BODY):
        for name in sorted(cast.values.keys() & case.body.keys()):
            if next(bits):
                case.body[name] = cast.values[name]


def _bits(number: int) -> Iterator[bool]:
    while True:
        for place in range(8):
            yield bool(number >> place & 1)
