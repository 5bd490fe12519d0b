"""``python -m local``: one server on 127.0.0.1 with the real handlers, and the demo base."""

import sys

MINIMUM_PYTHON = (3, 11)


def main() -> int:
    """Exit status: 0 after a clean stop, 1 for a problem, told in one sentence."""
    if sys.version_info < MINIMUM_PYTHON:
        sys.stderr.write("PyAirtable needs Python 3.11 or newer.\n")
        return 1
    try:
        from local.run import run
    except ModuleNotFoundError as error:
        sys.stderr.write(f"The package {error.name} is missing: `make run` installs what is needed.\n")
        return 1
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
