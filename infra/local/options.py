"""How the local server is to run: from flags, then from the environment, then by default."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.aws_endpoints import local_endpoint
from local.problems import Problem

PROJECT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
ENGINES = ("sqlite", "dynamodb")
MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class Options:
    """``endpoint_url`` is only of use with the DynamoDB engine; ``demo_data`` is a folder of CSV files."""

    port: int
    data_folder: Path
    engine: str
    endpoint_url: str
    functions: Path
    demo: bool
    demo_data: Path
    access_log: bool


def parse_options(arguments: Sequence[str], environment: Mapping[str, str]) -> Options:
    """Raises ``Problem`` for a value that makes no sense."""
    parsed = _parser(environment).parse_args(arguments)
    if parsed.engine not in ENGINES:
        raise Problem(f"ENGINE is {parsed.engine!r}, but only sqlite and dynamodb exist.")
    if not parsed.port.isdecimal() or int(parsed.port) > MAX_PORT:
        raise Problem(f"PORT is {parsed.port!r}, but a port is a number up to {MAX_PORT}.")
    return Options(
        port=int(parsed.port),
        data_folder=Path(parsed.data_dir).expanduser().absolute(),
        engine=parsed.engine,
        endpoint_url=local_endpoint(environment),
        functions=Path(parsed.functions).absolute(),
        demo=parsed.demo,
        demo_data=Path(parsed.demo_data).absolute(),
        access_log=parsed.access_log,
    )


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local", description="Run PyAirtable on this machine, with a demo base."
    )
    add = parser.add_argument
    add("--port", default=environment.get("PORT") or "8000", help="0 takes a free one (PORT, 8000)")
    add("--data-dir", default=environment.get("PYAIRTABLE_DATA_DIR") or str(PROJECT / ".pyairtable"))
    add("--engine", default=environment.get("ENGINE") or "sqlite", help="sqlite or dynamodb (ENGINE)")
    add("--functions", default=str(PROJECT / "functions"), help="a folder of services with templates")
    add("--no-demo", dest="demo", action="store_false", help="do not load the demo base")
    add("--demo-data", default=str(Path(__file__).parent / "demo" / "ourairports"))
    add("--access-log", action="store_true", help="print a line for each request")
    return parser
