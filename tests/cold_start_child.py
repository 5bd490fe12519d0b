"""One cold start of one service, in a process of its own: ``python cold_start_child.py SERVICE [SIGNED]``.

Prints the CPU milliseconds of importing ``app.py`` and of the first request, which builds
the services and reads from the engine at ``AWS_ENDPOINT_URL``; then which modules there
are. With a second argument, the first request with an access token too. Imports nothing
that a function would not.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Handler = Callable[[Mapping[str, Any], object], Mapping[str, Any]]
PROJECT = Path(__file__).resolve().parents[1]
ROUTES = {
    "auth": ("/v1/auth/me", {}),
    "users": ("/v1/users/me", {}),
    "workspaces": ("/v1/workspaces", {}),
    "tables": ("/v0/meta/bases", {}),
    "records": ("/v0/{base}/{table}", {"base": "app0123456789ABCD", "table": "tbl0123456789ABCD"}),
}


def main(service: str, *, with_access_token: bool) -> None:
    sys.path[:0] = [str(PROJECT / "functions" / service), str(PROJECT / "layers" / "common")]
    marks = [_cpu_ms()]
    import app

    marks.append(_cpu_ms())
    _ask(app.handler, service, _personal_token())
    marks.append(_cpu_ms())
    told = {
        "import_ms": marks[1] - marks[0],
        "first_request_ms": marks[2] - marks[1],
        "modules": sorted(sys.modules),
    }
    if with_access_token:
        _ask(app.handler, service, _access_token())
        told["access_token_ms"] = _cpu_ms() - marks[2]
    print(json.dumps(told))  # noqa: T201 (for the parent)


def _ask(handler: Handler, service: str, token: str) -> None:
    """The engine knows nobody, so the one right answer is 401, after one read."""
    path, parameters = ROUTES[service]
    event = {
        "resource": path,
        "path": path.format(**parameters),
        "httpMethod": "GET",
        "headers": {"authorization": f"Bearer {token}"},
        "multiValueHeaders": {"authorization": [f"Bearer {token}"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": {"httpMethod": "GET", "resourcePath": path, "requestId": "r", "identity": {}},
        "body": None,
        "isBase64Encoded": False,
    }
    answer = handler(event, None)
    if answer["statusCode"] != 401:
        raise SystemExit(f"{service} answered {answer}")


def _personal_token() -> str:
    from pyairtable_common.domain.credentials import compose_personal_token

    return compose_personal_token("pat0123456789ABCD", "usr0123456789ABCD", lambda below: below // 3)


def _access_token() -> str:
    from pyairtable_common.bootstrap import services
    from pyairtable_common.domain.credentials import AccessClaims

    ready = services()
    return ready.access_tokens.issue(
        AccessClaims("usr0123456789ABCD", "ses0123456789ABCD"), ready.clock.now_ms()
    )


def _cpu_ms() -> float:
    """User and system time of this process."""
    return time.process_time() * 1000


if __name__ == "__main__":
    main(sys.argv[1], with_access_token=len(sys.argv) > 2)
