"""The limits over a real socket: a server that was told to be as strict as Airtable."""

from pathlib import Path

import httpx

from local_server import running_server

READS = 40


def test_a_server_as_strict_as_airtable_says_when_to_come_back(tmp_path: Path) -> None:
    with (
        running_server(tmp_path, environment={"PYAIRTABLE_RATE_LIMITS": "airtable"}) as server,
        httpx.Client(base_url=server.url, trust_env=False) as http,
    ):
        base = make_base(http)
        answers = [http.get(f"/v0/{base}/Things") for _ in range(READS)]
        refused = answers[-1]
        assert {answer.status_code for answer in answers} == {200, 429}
        assert refused.status_code == 429
        assert refused.json()["error"]["type"] == "RATE_LIMIT_REACHED"
        assert 1 <= int(refused.headers["retry-after"]) <= 30
        assert http.get("/v1/users/me").status_code == 200


def test_a_server_as_it_comes_lets_its_one_user_hurry(tmp_path: Path) -> None:
    with (
        running_server(tmp_path) as server,
        httpx.Client(base_url=server.url, trust_env=False) as http,
    ):
        base = make_base(http)
        assert {http.get(f"/v0/{base}/Things").status_code for _ in range(60)} == {200}


def make_base(http: httpx.Client) -> str:
    """A base with a table Things, made by a new account that is signed in from then on."""
    account = {"email": "ada@example.org", "password": "violet kettle under seven moons", "name": "Ada"}
    made = http.post("/v1/auth/register", json=account).json()
    http.headers["authorization"] = f"Bearer {made['accessToken']}"
    tables = [{"name": "Things", "fields": [{"name": "Name", "type": "singleLineText"}]}]
    base = {"name": "Base", "workspaceId": made["workspace"]["id"], "tables": tables}
    return str(http.post("/v0/meta/bases", json=base).json()["id"])
