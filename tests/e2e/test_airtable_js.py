"""The airtable npm package, unchanged, against the running server: the tests are in ``airtable_js``."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from http_account import open_account
from local_server import running_server, server_environment

SUITE = Path(__file__).parent / "airtable_js"
MINUTES = 3


@pytest.mark.node
def test_the_airtable_npm_client_works_unchanged(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        account = open_account(server.url)
        outcome = subprocess.run(
            [_node(), "--no-deprecation", "--test", "--test-reporter=tap", "records.test.js"],
            cwd=SUITE,
            env=server_environment(
                {
                    "AIRTABLE_ENDPOINT_URL": account.url,
                    "AIRTABLE_API_KEY": account.token,
                    "WORKSPACE_ID": account.workspace_id,
                }
            ),
            capture_output=True,
            text=True,
            timeout=MINUTES * 60,
            check=False,
        )

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert _count(outcome.stdout, "tests") == _count(outcome.stdout, "pass") > 0


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    if not (SUITE / "node_modules" / "airtable").is_dir():
        pytest.skip("the airtable npm client is not installed: `make optional` installs it")
    return node


def _count(report: str, what: str) -> int:
    """A total of the report: none is skipped or left out when tests and passes are the same number."""
    found = re.search(rf"^# {what} (\d+)$", report, re.MULTILINE)
    assert found, report
    return int(found[1])
