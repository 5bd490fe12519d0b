import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local.events import Answer, Request
from local.functions import load_handlers
from local.gateway import Gateway, Sources
from local.templates import TemplateError, read_services
from local_services import write_services

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    interface = read_services(write_services(tmp_path_factory.mktemp("services")))
    handlers = load_handlers(route.function for route in interface.routes)
    return Gateway(interface, handlers, Sources(now=lambda: NOW, request_id=lambda: "request-1"))


def ask(
    gateway: Gateway,
    method: str,
    path: str,
    query: str = "",
    body: bytes = b"",
    headers: tuple[tuple[str, str], ...] = (("host", "127.0.0.1:8000"), ("user-agent", "test")),
) -> Answer:
    return gateway.respond(Request(method, path, query, headers, body, "203.0.113.9"))


def event_of(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200
    event: dict[str, Any] = json.loads(answer.body)["event"]
    return event


def header(answer: Answer, name: str) -> str | None:
    return {key.lower(): value for key, value in answer.headers}.get(name)


def test_a_literal_segment_beats_a_parameter_of_another_service(gateway: Gateway) -> None:
    assert header(ask(gateway, "GET", "/v0/meta/bases"), "x-service") == "meta"
    assert header(ask(gateway, "GET", "/v0/appX/bases"), "x-service") == "records"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v0/meta/bases"),
        ("GET", "/v0/meta/other"),
        ("PATCH", "/v0/appX/T"),
        ("HEAD", "/v0/appX/T"),
        ("GET", "/"),
        ("GET", ""),
        ("GET", "/v0"),
        ("GET", "/v0//T"),
        ("GET", "//v0/appX/T"),
        ("GET", "/v0/appX/T/rec/more"),
        ("GET", "/v0/appX/T//"),
        ("GET", "/V0/appX/T"),
        ("OPTIONS", "/nowhere"),
    ],
)
def test_an_unknown_path_or_method_gets_the_templates_gateway_response(
    gateway: Gateway, method: str, path: str
) -> None:
    answer = ask(gateway, method, path)

    assert (answer.status, answer.body) == (404, b'{"error":"NOT_FOUND"}')
    assert header(answer, "content-type") == "application/json"
    assert header(answer, "access-control-allow-origin") == "*"


def test_path_parameters_stay_encoded_and_an_encoded_slash_stays_inside_its_segment(gateway: Gateway) -> None:
    event = event_of(ask(gateway, "GET", "/v0/appX/a%2Fb%20%C3%A9%25/recY"))

    assert event["pathParameters"] == {"baseId": "appX", "table": "a%2Fb%20%C3%A9%25", "recordId": "recY"}
    assert event["path"] == "/v0/appX/a%2Fb%20%C3%A9%25/recY"
    assert event["resource"] == "/v0/{baseId}/{table}/{recordId}"


def test_a_route_gets_its_own_parameter_names_where_routes_name_a_position_differently(
    gateway: Gateway,
) -> None:
    event = event_of(ask(gateway, "POST", "/v0/appX/T/listRecords"))

    assert event["pathParameters"] == {"base": "appX", "name": "T"}


def test_one_trailing_slash_reaches_the_same_route(gateway: Gateway) -> None:
    event = event_of(ask(gateway, "GET", "/v0/appX/T/"))

    assert event["resource"] == "/v0/{baseId}/{table}"
    assert event["pathParameters"] == {"baseId": "appX", "table": "T"}


def test_a_query_is_decoded_with_every_value_and_the_last(gateway: Gateway) -> None:
    query = "fields%5B%5D=a+b&fields%5B%5D=c%26%C3%A9&offset=&flag"
    event = event_of(ask(gateway, "GET", "/v0/appX/T", query))

    assert event["multiValueQueryStringParameters"] == {
        "fields[]": ["a b", "c&é"],
        "offset": [""],
        "flag": [""],
    }
    assert event["queryStringParameters"] == {"fields[]": "c&é", "offset": "", "flag": ""}


def test_what_is_empty_is_null(gateway: Gateway) -> None:
    event = event_of(ask(gateway, "GET", "/v0/meta/bases"))

    empty = (
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
        "body",
    )
    assert {name: event[name] for name in empty} == dict.fromkeys(empty)
    assert event["isBase64Encoded"] is False


def test_headers_come_in_both_forms_with_the_callers_address(gateway: Gateway) -> None:
    event = event_of(ask(gateway, "GET", "/v0/meta/bases", headers=(("x-a", "1"), ("x-a", "2"))))

    assert event["headers"] == {"x-a": "2", "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
    assert event["multiValueHeaders"]["x-a"] == ["1", "2"]


def test_a_text_body_is_text_and_a_binary_one_is_base64(gateway: Gateway) -> None:
    text = event_of(ask(gateway, "POST", "/v0/appX/T", body='{"é":1}'.encode()))
    binary = event_of(ask(gateway, "POST", "/v0/appX/T", body=b"\xff\x00\x80"))

    assert (text["body"], text["isBase64Encoded"]) == ('{"é":1}', False)
    assert (base64.b64decode(binary["body"]), binary["isBase64Encoded"]) == (b"\xff\x00\x80", True)


def test_the_request_context_says_who_where_and_when(gateway: Gateway) -> None:
    context = event_of(ask(gateway, "GET", "/v0/appX/T"))["requestContext"]

    assert context["identity"] == {"sourceIp": "203.0.113.9", "userAgent": "test"}
    assert (context["resourcePath"], context["httpMethod"]) == ("/v0/{baseId}/{table}", "GET")
    assert (context["requestId"], context["stage"]) == ("request-1", "local")
    assert context["requestTimeEpoch"] == int(NOW.timestamp() * 1000)
    assert context["requestTime"] == "02/Jan/2026:03:04:05 +0000"


def test_the_context_object_tells_what_the_template_says_of_the_function(gateway: Gateway) -> None:
    seen = json.loads(ask(gateway, "GET", "/v0/meta/bases").body)

    assert (seen["function"], seen["memory"], seen["request_id"]) == ("MetaFunction", 512, "request-1")
    assert 28_000 < seen["remaining"] <= 29_000
    assert seen["arn"].endswith(":function:MetaFunction")


def test_globals_of_a_template_hold_for_its_functions(gateway: Gateway) -> None:
    seen = json.loads(ask(gateway, "GET", "/v0/appX/T").body)

    assert (seen["function"], seen["memory"]) == ("RecordsFunction", 1024)


def test_a_preflight_is_answered_from_the_templates_cors_settings(gateway: Gateway) -> None:
    answer = ask(gateway, "OPTIONS", "/v0/appX/a%2Fb/?")

    assert answer.status == 200
    assert header(answer, "access-control-allow-origin") == "*"
    assert header(answer, "access-control-allow-methods") == "DELETE,GET,OPTIONS,PATCH,POST,PUT"
    assert header(answer, "access-control-allow-headers") == "authorization,content-type"
    assert header(answer, "access-control-max-age") == "600"


@pytest.mark.parametrize("trick", ["raise", "none", "no-status", "object-body", "bad-base64"])
def test_a_function_that_fails_or_answers_nonsense_becomes_a_502_without_a_trace(
    gateway: Gateway, trick: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = ask(gateway, "GET", f"/tricks/{trick}")

    assert answer.status == 502
    assert json.loads(answer.body)["error"]["type"] == "SERVER_ERROR"
    assert b"Error(" not in answer.body
    assert "TricksFunction" in caplog.text


def test_a_binary_answer_is_decoded(gateway: Gateway) -> None:
    assert ask(gateway, "GET", "/tricks/binary").body == b"\xff\x00\x80"


def test_repeated_headers_of_an_answer_are_all_sent_and_win_over_the_single_form(gateway: Gateway) -> None:
    answer = ask(gateway, "GET", "/tricks/cookies")

    assert answer.status == 201
    assert [value for name, value in answer.headers if name.lower() == "set-cookie"] == ["a=1", "b=2"]
    assert header(answer, "x-one") == "1"
    assert answer.body == "café".encode()


def test_a_body_over_the_limit_is_refused_in_the_apis_envelope(gateway: Gateway) -> None:
    answer = gateway.refuse_too_large()

    assert answer.status == 413
    assert json.loads(answer.body)["error"]["type"] == "REQUEST_TOO_LARGE"
    assert header(answer, "access-control-allow-origin") == "*"


def test_a_route_declared_twice_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "template.yaml").write_text(
            "Resources: {F: {Type: AWS::Serverless::Function, Properties: {Handler: app.handler, Events: "
            "{E: {Type: Api, Properties: {Path: /x, Method: GET}}}}}}",
            encoding="utf-8",
        )

    with pytest.raises(TemplateError, match="GET /x is declared twice"):
        Gateway(read_services(tmp_path), {}, Sources(now=lambda: NOW, request_id=lambda: "1"))


def test_a_folder_without_services_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="no service template"):
        read_services(tmp_path)


def test_a_function_whose_code_is_missing_is_refused_by_name(tmp_path: Path) -> None:
    write_services(tmp_path)
    (tmp_path / "meta" / "app.py").unlink()
    interface = read_services(tmp_path)

    with pytest.raises(TemplateError, match=r"meta/app\.py"):
        load_handlers(route.function for route in interface.routes)


def test_a_gateway_response_without_a_status_keeps_the_failures_own(tmp_path: Path) -> None:
    write_services(tmp_path)
    path = tmp_path / "tricks" / "template.yaml"
    path.write_text(
        path.read_text(encoding="utf-8")
        + "  Api: {Type: AWS::Serverless::Api, Properties: {GatewayResponses: {DEFAULT_5XX: "
        """{ResponseTemplates: {application/json: '{"error":"mine"}'}}}}}\n""",
        encoding="utf-8",
    )
    interface = read_services(tmp_path)
    handlers = load_handlers(route.function for route in interface.routes)
    gateway = Gateway(interface, handlers, Sources(now=lambda: NOW, request_id=lambda: "1"))

    answer = ask(gateway, "GET", "/tricks/none")

    assert (answer.status, answer.body) == (502, b'{"error":"mine"}')
