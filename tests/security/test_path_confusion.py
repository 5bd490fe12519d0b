"""A request that is refused stays refused, however its path, query and headers are dressed up."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from urllib.parse import urlencode

import pytest

from local.events import Answer, Request
from principals import Installation, Principal, Target
from pyairtable_common.web.policy import Gate
from route_examples import EXAMPLES
from world import ROUTERS

SERVICES = sorted(ROUTERS)
REFUSED = {401, 403}

PATHS: Mapping[str, Callable[[str], str]] = {
    "a slash more": lambda path: f"{path}/",
    "two slashes more": lambda path: f"{path}//",
    "a slash more in front": lambda path: f"/{path}",
    "double slashes": lambda path: path.replace("/", "//"),
    "an encoded slash": lambda path: path[:1] + path[1:].replace("/", "%2f"),
    "an encoded last slash": lambda path: "%2F".join(path.rsplit("/", 1)),
    "a slash encoded twice": lambda path: path[:1] + path[1:].replace("/", "%252f"),
    "an overlong slash": lambda path: path[:1] + path[1:].replace("/", "%c0%af"),
    "a backslash": lambda path: path[:1] + path[1:].replace("/", "\\"),
    "an encoded backslash": lambda path: path[:1] + path[1:].replace("/", "%5c"),
    "a dot": lambda path: f"{path}/.",
    "a dot inside": lambda path: path.replace("/", "/./"),
    "an encoded dot": lambda path: f"{path}/%2e",
    "up and down": lambda path: f"{path}/../{path.rsplit('/', 1)[1]}",
    "up, encoded": lambda path: f"{path}/%2e%2e/{path.rsplit('/', 1)[1]}",
    "up from an open route": lambda path: f"/v1/auth/login/..{path}",
    "up from the keys": lambda path: f"/.well-known/jwks.json/..{path}",
    "a parameter of a segment": lambda path: f"{path};jsessionid=1",
    "a parameter in front": lambda path: f"/;x{path}",
    "an encoded semicolon": lambda path: f"{path}%3b",
    "upper case": lambda path: path.upper(),
    "swapped case": lambda path: path.swapcase(),
    "an encoded letter": lambda path: path[:1] + f"%{ord(path[1]):02x}" + path[2:],
    "a zero byte": lambda path: f"{path}%00",
    "a zero byte and a name": lambda path: f"{path}%00.css",
    "a space": lambda path: f"{path}%20",
    "a tab in front": lambda path: f"/%09{path}",
    "a line break": lambda path: f"{path}%0d%0aX-Role:%20owner",
    "a suffix": lambda path: f"{path}.json",
    "a style sheet": lambda path: f"{path}/x.css",
    "a stage in front": lambda path: f"/dev{path}",
    "a fragment": lambda path: f"{path}%23",
    "a question mark": lambda path: f"{path}%3f",
    "a whole address": lambda path: f"https://pyairtable.test{path}",
}
QUERIES: Mapping[str, str] = {
    "an open path in the query": "/v1/auth/login",
    "a webhook in the query": "/webhooks/trigger",
    "an open path as a value": "path=/.well-known/jwks.json",
    "another method": "_method=GET",
    "a role": "role=owner&isAdmin=true",
    "a user": "userId=usrZZZZZZZZZZZZZZ",
}
_LOCAL = "127.0.0.1"
HEADERS: Mapping[str, Mapping[str, str]] = {
    "X-HTTP-Method-Override": {"x-http-method-override": "GET"},
    "X-HTTP-Method": {"x-http-method": "GET"},
    "X-Method-Override": {"x-method-override": "GET"},
    "X-Original-URL": {"x-original-url": "/.well-known/jwks.json"},
    "X-Rewrite-URL": {"x-rewrite-url": "/v1/auth/login"},
    "Host": {"host": "localhost"},
    "X-Forwarded-Host": {"x-forwarded-host": "localhost", "x-host": "localhost"},
    "X-Forwarded-For": {"x-forwarded-for": _LOCAL, "x-real-ip": _LOCAL, "x-client-ip": _LOCAL},
    "X-Forwarded-Prefix": {"x-forwarded-prefix": "/v1/auth", "x-forwarded-proto": "http"},
    "Forwarded": {"forwarded": f"for={_LOCAL};host=localhost"},
    "X-Custom-IP-Authorization": {"x-custom-ip-authorization": _LOCAL},
    "a user in a header": {"x-user-id": "usrZZZZZZZZZZZZZZ", "x-role": "owner", "x-tenant-id": "wspZZZZ"},
    "an API key": {"x-api-key": "key", "x-airtable-application-id": "app"},
    "a cookie": {"cookie": "session=1; token=1"},
}
MUTATIONS = len(PATHS) + len(QUERIES) + len(HEADERS)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(tmp_path_factory.mktemp("installation"))


def test_there_are_twenty_mutations_and_more_for_every_route() -> None:
    assert MUTATIONS >= 50


@pytest.mark.parametrize("service", SERVICES)
def test_no_dressing_up_turns_a_refusal_into_anything_else(service: str, installation: Installation) -> None:
    before = installation.state()
    tried = 0
    for refusal in _refusals(installation, service):
        for mutation, request in _mutations(refusal.request):
            answer = _answer(installation, request)
            assert 400 <= answer.status < 500, (mutation, request, answer)
            tried += 1
        assert installation.state() == before, refusal
    assert tried >= 20 * len(ROUTERS[service].routes)


@pytest.mark.parametrize("service", SERVICES)
def test_headers_that_others_believe_change_no_answer(service: str, installation: Installation) -> None:
    for request, answer in _reads(installation, service):
        for name, headers in HEADERS.items():
            dressed = _answer(installation, _with(request, headers=headers))
            assert (dressed.status, dressed.body) == (answer.status, answer.body), (name, request)


@dataclass(frozen=True, slots=True)
class _Refusal:
    request: Request
    status: int


def _refusals(installation: Installation, service: str) -> Iterator[_Refusal]:
    """For each route that asks who one is: by nobody, and by all that it refuses for another reason."""
    wanted = {
        "anonymous",
        "another tenant's owner",
        "a member: read",
        "the owner's token for webhook:manage alone",
    }
    principals = [one for one in installation.principals if one.name in wanted]
    assert len(principals) == len(wanted)
    for route in ROUTERS[service]:
        if route.policy.gate is not Gate.OPEN:
            for principal in principals:
                request = _request(route.method, route.path, principal, installation.targets[0])
                answer = _answer(installation, request)
                if answer.status in REFUSED:
                    yield _Refusal(request, answer.status)
                else:
                    installation.rewind()


def _reads(installation: Installation, service: str) -> Iterator[tuple[Request, Answer]]:
    owner = next(one for one in installation.principals if one.name == "the owner")
    for route in ROUTERS[service]:
        if route.method == "GET":
            request = _request(route.method, route.path, owner, installation.targets[0])
            answer = _answer(installation, request)
            assert answer.status == 200, request
            yield request, answer


def _mutations(request: Request) -> Iterator[tuple[str, Request]]:
    for name, path in PATHS.items():
        yield name, _with(request, path=path(request.raw_path))
    for name, query in QUERIES.items():
        yield name, _with(request, query="&".join(filter(None, [request.raw_query, query])))
    for name, headers in HEADERS.items():
        yield name, _with(request, headers=headers)


def _request(method: str, path: str, principal: Principal, target: Target) -> Request:
    example = EXAMPLES[method, path]
    body = example.body(target.ids)
    headers = {"content-type": "application/json", "host": "pyairtable.test"}
    if principal.authorization is not None:
        headers["authorization"] = principal.authorization
    return Request(
        method,
        example.path_of(path, target.ids),
        urlencode(example.query(target.ids)),
        tuple(headers.items()),
        b"" if body is None else dumps(body).encode(),
        "203.0.113.7",
    )


def _with(
    request: Request,
    *,
    path: str | None = None,
    query: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Request:
    merged: Sequence[tuple[str, str]] = tuple({**dict(request.headers), **(headers or {})}.items())
    return Request(
        request.method,
        request.raw_path if path is None else path,
        request.raw_query if query is None else query,
        merged,
        request.body,
        request.client,
    )


def _answer(installation: Installation, request: Request) -> Answer:
    return installation.world._gateway.respond(request)
