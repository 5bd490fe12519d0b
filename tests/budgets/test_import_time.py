"""What a cold start costs: CPU time, so that a busy machine matters little, with much headroom."""

from pathlib import Path

import pytest

from cold_start import SERVICES, ColdStart, dearest_imports, measure_cold_start

# Three times what is measured (docs/operations.md): CPU time too grows when neighbours share a core.
IMPORT_MS = 350
FIRST_REQUEST_MS = 750
# What no request needs before it is authenticated by a personal access token.
TOO_DEAR = {"argon2", "aws_xray_sdk", "boto3", "cryptography", "jwt", "pydantic", "requests", "sqlite3"}


@pytest.fixture(scope="module", params=SERVICES)
def start(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ColdStart:
    return measure_cold_start(request.param, tmp_path_factory.mktemp("cold"))


def test_importing_a_service_stays_within_its_budget(start: ColdStart) -> None:
    assert start.import_ms < IMPORT_MS


def test_the_first_request_stays_within_its_budget(start: ColdStart) -> None:
    assert start.first_request_ms < FIRST_REQUEST_MS


def test_what_the_first_request_does_not_need_is_not_imported(start: ColdStart) -> None:
    assert not start.modules & TOO_DEAR


def test_the_dearest_imports_are_named(tmp_path: Path) -> None:
    spent = dearest_imports("records", tmp_path)
    for package, milliseconds in spent:
        print(f"\n{milliseconds:7.1f} ms  {package}", end="")  # noqa: T201
    assert {"botocore", "pynamodb", "aws_lambda_powertools"} <= {package for package, _ in spent}
