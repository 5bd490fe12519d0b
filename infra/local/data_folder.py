"""The folder that keeps a local server's data: one server at a time."""

import fcntl
import os
from pathlib import Path

from local.problems import Problem

_LOCK = "server.lock"


def claim(folder: Path) -> int:
    """Makes the folder and takes its lock for as long as this process lives.

    Returns the lock's file descriptor. Raises ``Problem`` if the folder cannot be written or
    another server has it. The lock is the operating system's: it falls with the process.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Problem(f"The data folder {folder} cannot be written: {error.strerror}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise Problem(f"The data folder {folder} is in use by another server: stop it first.") from error
    return descriptor
