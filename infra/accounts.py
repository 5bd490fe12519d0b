"""An operator's hand on accounts: ``suspend`` and ``restore`` one, by the settings of its stage.

The settings are those of the functions (``pyairtable_common.config``), taken from the environment.
"""

import argparse
import sys
from collections.abc import Sequence

from pyairtable_common.application.services import Services
from pyairtable_common.application.suspension import lift_suspension, suspend
from pyairtable_common.bootstrap import services
from pyairtable_common.config import MissingSetting
from pyairtable_common.domain.errors import NotPermittedOrNotFound

_COMMANDS = {"suspend": suspend, "restore": lift_suspension}
_DONE = {"suspend": "is suspended: its sessions and tokens have ended", "restore": "may sign in again"}


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status; what is wrong is told in one sentence on stderr."""
    parser = argparse.ArgumentParser(prog="accounts.py", description="Suspend an account, or restore it.")
    parser.add_argument("command", choices=sorted(_COMMANDS))
    parser.add_argument("user", help="the account's id, usr...")
    parsed = parser.parse_args(arguments)
    try:
        return carry_out(services(), parsed.command, parsed.user)
    except MissingSetting as error:
        print(error, file=sys.stderr)
        return 1


def carry_out(installation: Services, command: str, user_id: str) -> int:
    """One command on one account."""
    try:
        _COMMANDS[command](installation, user_id)
    except NotPermittedOrNotFound:
        print(f"There is no account {user_id}.", file=sys.stderr)
        return 1
    print(f"{user_id} {_DONE[command]}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
