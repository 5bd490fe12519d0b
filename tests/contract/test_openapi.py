"""The OpenAPI document against the code that it describes."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from openapi.__main__ import DOCUMENT, text_of_document
from openapi.document import SERVICES, build_document, errors_of
from pyairtable_common.web.errors import ANSWERS, Envelope
from pyairtable_common.web.policy import POLICIES, Gate

Tree = Mapping[str, Any]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def document() -> Tree:
    return json.loads(json.dumps(build_document()))  # type: ignore[no-any-return]


def test_the_committed_document_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == text_of_document(), "run: make openapi"


def test_it_has_exactly_the_routes_that_have_a_policy(document: Tree) -> None:
    described = {(method.upper(), path) for method, path, _ in _operations(document)}
    assert described == set(POLICIES)


def test_every_refusal_is_in_the_table_of_errors() -> None:
    for router, service in SERVICES.values():
        for route in router:
            for error in errors_of(route, service.operations[route.method, route.path]):
                assert error in ANSWERS, (route.path, error)


def test_a_refusal_has_the_status_type_and_envelope_of_the_table(document: Tree) -> None:
    schemas = document["components"]["schemas"]
    for answer in ANSWERS.values():
        name = answer.type if answer.envelope is Envelope.OBJECT else f"{answer.type}.{answer.envelope.name}"
        error: Any = answer.type
        if answer.envelope is not Envelope.BARE:
            error = {"type": answer.type}
        if answer.envelope is Envelope.OBJECT:
            error["message"] = "as it may be"
        assert jsonschema_rs.is_valid(schemas[name], {"error": error})
        assert not jsonschema_rs.is_valid(schemas[name], {"error": "ANOTHER"})
        assert not jsonschema_rs.is_valid(schemas[name], {"error": error, "stack": "trace"})


def test_what_needs_a_credential_says_so_and_only_that(document: Tree) -> None:
    for method, path, operation in _operations(document):
        policy = POLICIES[method.upper(), path]
        named = [scheme for alternative in operation["security"] for scheme in alternative]
        if policy.gate is Gate.OPEN:
            assert named == []
        elif policy.gate is Gate.SESSION:
            assert named == ["session"]
        else:
            assert named == ["session", "personalAccessToken"]
            scopes = operation["security"][1]["personalAccessToken"]
            assert scopes == ([policy.scope.value] if policy.scope else [])
        assert ("401" in operation["responses"]) >= (policy.gate is not Gate.OPEN)


def test_an_operation_has_a_name_of_its_own(document: Tree) -> None:
    names = [operation["operationId"] for _, _, operation in _operations(document)]
    assert len(names) == len(set(names)) == len(POLICIES)


def test_every_schema_is_one_and_every_reference_leads_somewhere(document: Tree) -> None:
    for schema in document["components"]["schemas"].values():
        assert jsonschema_rs.meta.is_valid(schema)
    for reference in set(_references(document)):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def test_no_schema_of_a_service_is_there_for_nothing(document: Tree) -> None:
    named = {reference.rpartition("/")[2] for reference in _references(document)}
    for _, service in SERVICES.values():
        assert service.schemas.keys() <= named


def test_native_bodies_are_strict(document: Tree) -> None:
    """``/v1`` refuses what it does not know; ``/v0`` ignores it, as Airtable does."""
    for _, path, operation in _operations(document):
        if path.startswith("/v1") and "requestBody" in operation:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            for alternative in schema.get("anyOf", [schema]):
                assert alternative["additionalProperties"] is False, path


def _operations(document: Tree) -> Iterator[tuple[str, str, Tree]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def _references(node: object) -> Iterator[str]:
    if isinstance(node, Mapping):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)
