"""The server over a real socket, in front of small made-up services."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from local_server import PROJECT, RunningServer, running_server, server_environment
from local_services import write_services


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    services = write_services(tmp_path_factory.mktemp("services"))
    data_dir = tmp_path_factory.mktemp("data")
    with running_server(data_dir, "--functions", str(services)) as running:
        yield running


@pytest.fixture
def client(server: RunningServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False) as http:
        yield http


def exchange(server: RunningServer, request: bytes) -> bytes:
    """What the server sends back for raw bytes, until it closes the connection."""
    url = urlsplit(server.url)
    with socket.create_connection((str(url.hostname), int(str(url.port))), timeout=10) as connection:
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


def get(server: RunningServer, target: bytes) -> tuple[int, Any]:
    """Status and JSON body for a request target that no tidy client would send."""
    answer = exchange(server, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), json.loads(body)


def test_the_path_reaches_the_function_as_it_came(server: RunningServer) -> None:
    status, seen = get(server, b"/v0/appX/a%2Fb%20%c3%a9%zz/?")

    assert status == 200
    assert seen["event"]["path"] == "/v0/appX/a%2Fb%20%c3%a9%zz/"
    assert seen["event"]["pathParameters"]["table"] == "a%2Fb%20%c3%a9%zz"
    assert seen["event"]["queryStringParameters"] is None


def test_dot_segments_are_not_resolved(server: RunningServer) -> None:
    status, seen = get(server, b"/v0/appX/..")

    assert (status, seen["event"]["pathParameters"]["table"]) == (200, "..")


@pytest.mark.parametrize("target", [b"//v0/meta/bases", b"/v0/meta%2Fbases", b"/.", b"/%"])
def test_odd_targets_get_the_plain_404(server: RunningServer, target: bytes) -> None:
    assert get(server, target) == (404, {"error": "NOT_FOUND"})


@pytest.mark.parametrize("target", [b"/v0/appX/\xc3\xa9", b"/v0/appX/T?\xff=\xfe"])
def test_raw_bytes_in_the_target_do_no_harm(
    server: RunningServer, client: httpx.Client, target: bytes
) -> None:
    answer = exchange(server, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert answer.split(b" ")[1] in {b"200", b"400"}
    assert client.get("/v0/meta/bases").status_code == 200


def test_a_trailing_slash_with_an_empty_query_is_served_without_redirect(client: httpx.Client) -> None:
    answer = client.post("/v0/appX/T/?", json={"fields": {}})

    assert answer.status_code == 200
    assert answer.json()["event"]["body"] == '{"fields":{}}'


def test_head_of_an_undeclared_method_has_no_body_and_leaves_the_connection_usable(
    client: httpx.Client,
) -> None:
    answer = client.head("/v0/meta/bases")

    assert (answer.status_code, answer.content) == (404, b"")
    assert client.get("/v0/meta/bases").status_code == 200


def test_a_preflight_request_succeeds(client: httpx.Client) -> None:
    answer = client.options("/v0/appX/T", headers={"Origin": "http://example.com"})

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "PATCH" in answer.headers["access-control-allow-methods"]


def test_a_body_of_ten_megabytes_passes_and_a_larger_one_is_told_why_not(client: httpx.Client) -> None:
    limit = 10 * 1024 * 1024
    passed = client.post("/v0/appX/T", content=b"x" * limit)
    refused = client.post("/v0/appX/T", content=b"x" * (limit + 1))
    refused_chunked = client.post("/v0/appX/T", content=iter([b"x" * limit, b"x"]))

    assert passed.status_code == 200
    assert len(passed.json()["event"]["body"]) == limit
    assert refused.status_code == refused_chunked.status_code == 413
    assert refused.json()["error"]["type"] == "REQUEST_TOO_LARGE"


def test_a_request_that_breaks_off_reaches_no_function(server: RunningServer, client: httpx.Client) -> None:
    url = urlsplit(server.url)
    with socket.create_connection((str(url.hostname), int(str(url.port))), timeout=10) as connection:
        connection.sendall(b"POST /v0/appX/T HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{}")

    assert client.get("/v0/meta/bases").status_code == 200


def test_nonsense_is_refused_and_the_server_goes_on(server: RunningServer, client: httpx.Client) -> None:
    assert b"400" in exchange(server, b"\x16\x03\x01 this is no HTTP\r\n\r\n").split(b"\r\n")[0]
    assert client.get("/v0/meta/bases").status_code == 200


def test_a_failing_function_answers_502_and_the_server_goes_on(client: httpx.Client) -> None:
    answer = client.get("/tricks/raise")

    assert (answer.status_code, answer.json()["error"]["type"]) == (502, "SERVER_ERROR")
    assert client.get("/v0/meta/bases").status_code == 200


def test_an_answer_without_content_is_sent_as_such(client: httpx.Client) -> None:
    answer = client.get("/tricks/no-content")

    assert (answer.status_code, answer.content) == (204, b"")
    assert client.get("/v0/meta/bases").status_code == 200


def test_an_answer_on_a_kept_connection_waits_for_no_acknowledgement(client: httpx.Client) -> None:
    took = [client.post("/v0/appX/T", json={"fields": {}}).elapsed.total_seconds() for _ in range(21)]

    assert sorted(took)[10] < 0.03


def test_forty_requests_at_once_each_get_their_own_answer(client: httpx.Client) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: client.get(f"/v0/app{n}/T").json()["event"], range(40)))

    assert [event["pathParameters"]["baseId"] for event in answers] == [f"app{n}" for n in range(40)]


def test_ctrl_c_ends_the_server_quickly_and_cleanly_with_connections_open(tmp_path: Path) -> None:
    services = write_services(tmp_path / "services")
    with (
        running_server(tmp_path / "data", "--functions", str(services)) as running,
        httpx.Client(base_url=running.url, trust_env=False) as http,
    ):
        assert http.get("/v0/meta/bases").status_code == 200
        began = time.monotonic()
        status = running.stop()

    assert status == 0
    assert time.monotonic() - began < 5


def run_server(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local", *arguments],
        cwd=PROJECT,
        env=server_environment({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_what_the_user_can_put_right_is_one_sentence_without_a_traceback(
    server: RunningServer, tmp_path: Path
) -> None:
    port = str(urlsplit(server.url).port)
    free = ("--port", "0")
    (tmp_path / "file").write_text("not a folder")
    problems = {
        "is in use": run_server("--port", port, "--data-dir", str(tmp_path)),
        "in use by another server": run_server(*free, "--data-dir", str(server.data_dir)),
        "cannot be written": run_server(*free, "--data-dir", str(tmp_path / "file" / "data")),
        "does not answer": run_server(*free, "--data-dir", str(tmp_path), "--engine", "dynamodb"),
        "no service template": run_server(*free, "--data-dir", str(tmp_path), "--functions", str(tmp_path)),
    }

    for words, outcome in problems.items():
        assert words in outcome.stderr
        assert (outcome.returncode, outcome.stdout) == (1, "")
        assert len(outcome.stderr.splitlines()) == 1
