"""``Blobs`` in a folder."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


class FolderBlobs:
    """Files under one folder; a key is the path inside it. Writes are atomic."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder).resolve()

    def put(self, key: str, data: bytes, content_type: str) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def get(self, key: str) -> bytes | None:
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            return None

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def keys(self, prefix: str) -> Iterator[str]:
        for path in sorted(self._folder.rglob("*")):
            key = path.relative_to(self._folder).as_posix()
            if path.is_file() and not path.name.startswith(".writing-") and key.startswith(prefix):
                yield key

    def _path(self, key: str) -> Path:
        path = (self._folder / key).resolve()
        if not path.is_relative_to(self._folder) or path == self._folder:
            raise ValueError(f"a key stays inside its folder: {key!r}")
        return path
