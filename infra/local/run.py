"""Puts the local server together and runs it."""

import logging
import os
import subprocess
import sys
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from local.data_folder import claim
from local.engine import ready_engine
from local.environment import function_environment
from local.functions import load_handlers
from local.gateway import Gateway, Sources
from local.letters import LettersWorker
from local.options import HOST, Options, parse_options
from local.problems import Problem
from local.schedules import Schedules
from local.server import bind, serve
from local.templates import TemplateError, read_services

_DEMO_STOP_SECONDS = 3


def run(arguments: Sequence[str]) -> int:
    """Serves until told to stop. Returns the exit status; a problem is told in one sentence on stderr."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    try:
        _run(parse_options(arguments, os.environ))
    except (Problem, TemplateError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.")
    return 0


def _run(options: Options) -> None:
    with bind(HOST, options.port) as bound:
        port = bound.getsockname()[1]
        claim(options.data_folder)
        engine = ready_engine(options)
        os.environ.update(function_environment(options, port, engine, os.environ))
        gateway = _gateway(options.functions)
        if options.access_log:
            logging.getLogger("uvicorn.access").setLevel(logging.INFO)
        demo = _Demo(options, f"http://{HOST}:{port}")
        letters, schedules = LettersWorker(options.data_folder / "mail"), Schedules()

        def start() -> None:
            demo.start()
            if options.engine == "sqlite":
                letters.start()
                schedules.start()

        def stop() -> None:
            demo.stop()
            letters.stop()
            schedules.stop()

        serve(gateway, bound, on_ready=start, on_stop=stop, access_log=options.access_log)


def _gateway(services: Path) -> Gateway:
    interface = read_services(services)
    handlers = load_handlers(route.function for route in interface.routes)
    sources = Sources(now=lambda: datetime.now(UTC), request_id=lambda: str(uuid.uuid4()))
    return Gateway(interface, handlers, sources)


class _Demo:
    """Says where the server is; the demo loader is a client like any other, in a process of its own."""

    def __init__(self, options: Options, url: str) -> None:
        self._options = options
        self._url = url
        self._loader: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = self._options
        where = options.data_folder if options.engine == "sqlite" else options.endpoint_url
        print(f"PyAirtable is running at {self._url} ({options.engine}: {where})", flush=True)
        if options.demo:
            command = [
                sys.executable,
                "-m",
                "local.demo",
                "--url",
                self._url,
                "--data",
                str(options.demo_data),
            ]
            state = options.data_folder / f"demo-{options.engine}.json"
            self._loader = subprocess.Popen([*command, "--state", str(state)])  # noqa: S603

    def stop(self) -> None:
        if self._loader is not None and self._loader.poll() is None:
            self._loader.terminate()
            self._loader.wait(_DEMO_STOP_SECONDS)
