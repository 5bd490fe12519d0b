"""The demo's data, made small for tests."""

import csv
from pathlib import Path

from local_server import PROJECT

OURAIRPORTS = PROJECT / "infra" / "local" / "demo" / "ourairports"
_ROWS = {"countries.csv": 249, "regions.csv": 120, "navaids.csv": 150}


def write_reduced_ourairports(folder: Path) -> Path:
    """Rows spread over each file; every country, for their scripts."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, wanted in _ROWS.items():
        with (OURAIRPORTS / name).open(encoding="utf-8", newline="") as lines:
            header, *rows = csv.reader(lines)
        with (folder / name).open("w", encoding="utf-8", newline="") as lines:
            csv.writer(lines).writerows([header, *rows[:: max(1, len(rows) // wanted)]])
    return folder
