import os
import stat
from pathlib import Path

import pytest

from local.data_folder import claim
from local.engine import ready_engine
from local.environment import function_environment
from local.options import parse_options
from local.problems import Problem
from local.server import bind


def test_flags_win_over_the_environment_and_the_environment_over_the_defaults() -> None:
    assert parse_options([], {}).port == 8000
    assert parse_options([], {"PORT": "8001"}).port == 8001
    assert parse_options(["--port", "8002"], {"PORT": "8001"}).port == 8002
    assert parse_options([], {"ENGINE": "dynamodb"}).engine == "dynamodb"


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"ENGINE": "mysql"}, "ENGINE is 'mysql', but only sqlite and dynamodb exist."),
        ({"PORT": "eighty"}, "PORT is 'eighty', but a port is a number up to 65535."),
        ({"PORT": "65536"}, "PORT is '65536', but a port is a number up to 65535."),
        ({"PORT": "-1"}, "PORT is '-1', but a port is a number up to 65535."),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_in_one_sentence(
    environment: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Problem) as refusal:
        parse_options([], environment)

    assert str(refusal.value) == sentence


def test_functions_find_stage_engine_and_data_folder_in_the_environment(tmp_path: Path) -> None:
    options = parse_options(["--data-dir", str(tmp_path)], {})
    found = function_environment(options, 8123, {}, {"LOG_LEVEL": "DEBUG", "PYAIRTABLE_STAGE": "prod"})

    assert found["PYAIRTABLE_STAGE"] == "local"
    assert found["PYAIRTABLE_ENGINE"] == "sqlite"
    assert found["PYAIRTABLE_DATA_DIR"] == str(tmp_path)
    assert found["PYAIRTABLE_PUBLIC_URL"] == "http://127.0.0.1:8123"
    assert "LOG_LEVEL" not in found
    assert "AWS_ACCESS_KEY_ID" not in found


def test_there_are_no_rate_limits_unless_the_person_at_the_terminal_wants_some(tmp_path: Path) -> None:
    options = parse_options(["--data-dir", str(tmp_path)], {})
    wanted = {"PYAIRTABLE_RATE_LIMITS": "airtable"}
    assert function_environment(options, 8123, {}, {})["PYAIRTABLE_RATE_LIMITS"] == "off"
    assert "PYAIRTABLE_RATE_LIMITS" not in function_environment(options, 8123, {}, wanted)


def test_a_local_engine_gets_credentials_only_where_there_are_none(tmp_path: Path) -> None:
    options = parse_options(["--data-dir", str(tmp_path), "--engine", "dynamodb"], {})
    engine = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}

    assert function_environment(options, 1, engine, {})["AWS_ACCESS_KEY_ID"] == "local"
    assert "AWS_ACCESS_KEY_ID" not in function_environment(options, 1, engine, {"AWS_ACCESS_KEY_ID": "AKIA"})


def test_a_port_in_use_is_a_problem_with_its_number() -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(Problem, match=f"Port {port} is in use"):
            bind("127.0.0.1", port)


def test_a_data_folder_has_one_server_at_a_time(tmp_path: Path) -> None:
    lock = claim(tmp_path / "data")
    with pytest.raises(Problem, match="in use by another server"):
        claim(tmp_path / "data")
    os.close(lock)

    os.close(claim(tmp_path / "data"))


def test_a_new_data_folder_is_its_owners_alone(tmp_path: Path) -> None:
    os.close(claim(tmp_path / "data"))

    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_a_data_folder_that_cannot_be_made_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(Problem, match="cannot be written"):
        claim(tmp_path / "file" / "data")


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}", "ftp://127.0.0.1", "nonsense"])
def test_an_engine_that_does_not_answer_is_a_problem_with_its_address(url: str, tmp_path: Path) -> None:
    with bind("127.0.0.1", 0) as closed:
        port = closed.getsockname()[1]
    endpoint = url.format(port=port)
    arguments = ["--engine", "dynamodb", "--data-dir", str(tmp_path)]
    options = parse_options(arguments, {"AWS_ENDPOINT_URL": endpoint})

    with pytest.raises(Problem, match=f"does not answer at {endpoint}"):
        ready_engine(options)
