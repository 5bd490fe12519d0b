"""Writes the list of common passwords that the layer ships, from the lists of two packages.

    pip download --no-deps --dest lists zxcvbn==4.5.0 django==5.2.19
    python infra/common_passwords.py lists/*.whl

zxcvbn's list is under the MIT licence, Django's under BSD-3-Clause; their notices are
in layers/common/pyairtable_common/domain/common_passwords.LICENSE.
"""

import gzip
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from pyairtable_common.domain.passwords import common_passwords_path, letters_of

_SHORTEST = 4


def main(wheels: Iterable[str]) -> None:
    words = {letters_of(word) for wheel in wheels for word in _words(Path(wheel))}
    kept = sorted(word for word in words if len(word) >= _SHORTEST)
    common_passwords_path().write_bytes(gzip.compress("\n".join(kept).encode(), 9, mtime=0))
    print(f"{len(kept)} common passwords")


def _words(wheel: Path) -> Iterator[str]:
    with zipfile.ZipFile(wheel) as archive:
        if wheel.name.startswith("django"):
            packed = archive.read("django/contrib/auth/common-passwords.txt.gz")
            yield from gzip.decompress(packed).decode().splitlines()
        else:
            source = archive.read("zxcvbn/frequency_lists.py").decode()
            yield from source.partition('"passwords": "')[2].partition('"')[0].split(",")


if __name__ == "__main__":
    main(sys.argv[1:])
