"""What a demo load must remember between starts: who it is, and which base it fills."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DemoState:
    """``complete`` once every row is in the base."""

    email: str
    password: str
    token: str = ""
    base_id: str = ""
    complete: bool = False


def new_state() -> DemoState:
    """A demo user nobody else can know: a random password, an address of its own."""
    return DemoState(f"demo-{secrets.token_hex(4)}@example.com", secrets.token_urlsafe(24))


def read_state(path: Path) -> DemoState | None:
    """What was kept, or ``None`` if nothing readable was."""
    try:
        return DemoState(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_state(path: Path, state: DemoState) -> None:
    """Replaces the file as a whole; only its owner may read it."""
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(state), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


@contextmanager
def sole_loader(path: Path) -> Iterator[None]:
    """Waits until no other process loads for this state: a loader may outlive a server that was killed."""
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
