"""``python -m local.demo``: loads the demo base into a running server and says how to use it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from local.demo.client import ApiError, Unreachable
from local.demo.loader import DemoBase, load_demo
from local.demo.progress import showing_progress
from local.demo.tables import COUNTRIES


def main(arguments: Sequence[str]) -> int:
    """Exit status: 0 when the base is whole."""
    parser = argparse.ArgumentParser(prog="python -m local.demo", description="Load the demo base.")
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--data", type=Path, default=Path(__file__).parent / "ourairports")
    parser.add_argument("--state", type=Path, required=True, help="a file that keeps user, token and base id")
    options = parser.parse_args(arguments)
    try:
        with showing_progress() as on_progress:
            base = load_demo(options.url, options.data, options.state, on_progress)
    except ApiError as error:
        print(f"The demo base is not loaded: {error}", file=sys.stderr)
        return 1
    except (Unreachable, KeyboardInterrupt):
        print("The demo base is not whole yet; the next start completes it.", file=sys.stderr)
        return 1
    print(_instructions(options.url, base), flush=True)
    return 0


def _instructions(url: str, base: DemoBase) -> str:
    return f"""
URL    {url}
Token  {base.token}
Base   {base.base_id}

from pyairtable import Api
api = Api("{base.token}", endpoint_url="{url}")
table = api.table("{base.base_id}", "{COUNTRIES.name}")
for record in table.all(max_records=5, sort=["name"]):
    print(record["id"], record["fields"]["name"])

Ctrl-C stops the server."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
