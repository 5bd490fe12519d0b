"""The demo's data, made small for tests."""

import csv
from pathlib import Path

from local_server import PROJECT

OURAIRPORTS = PROJECT / "infra" / "local" / "demo" / "ourairports"


def write_reduced_ourairports(folder: Path, regions: int = 120, navaids: int = 150) -> Path:
    """About as many rows, spread over each file; every country, for their scripts."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, wanted in {"countries.csv": 249, "regions.csv": regions, "navaids.csv": navaids}.items():
        with (OURAIRPORTS / name).open(encoding="utf-8", newline="") as lines:
            header, *rows = csv.reader(lines)
        with (folder / name).open("w", encoding="utf-8", newline="") as lines:
            csv.writer(lines).writerows([header, *rows[:: max(1, len(rows) // wanted)]])
    return folder
