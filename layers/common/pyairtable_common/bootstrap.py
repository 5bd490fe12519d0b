"""Builds the services of this container from its configuration: once, on the first request.

The one place that knows which engine stands behind which port. An engine is
imported only where the configuration asks for it.
"""

import secrets
from functools import cache
from pathlib import Path

from pyairtable_common.application.services import Services
from pyairtable_common.config import Config, Engine, read_config
from pyairtable_common.domain.clock import Clock, SystemClock
from pyairtable_common.domain.ids import RandomIds
from pyairtable_common.engines.security.access_tokens import JwtAccessTokens
from pyairtable_common.engines.security.passwords import Argon2Passwords
from pyairtable_common.engines.security.signing_keys import load_or_make_keys


@cache
def services() -> Services:
    """This container's services. Raises ``MissingSetting``."""
    config = read_config()
    return {Engine.SQLITE: embedded_services, Engine.DYNAMODB: cloud_services}[config.engine](
        config, SystemClock()
    )


def embedded_services(config: Config, clock: Clock) -> Services:
    """Everything in ``config.data_dir``: one SQLite file, and folders for files and mail."""
    from pyairtable_common.engines.files.blobs import FolderBlobs
    from pyairtable_common.engines.files.mail import FolderMail
    from pyairtable_common.engines.sqlite.queue import SqliteQueue
    from pyairtable_common.engines.sqlite.store import SqliteStore

    folder = Path(config.data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "pyairtable.sqlite3"
    return Services(
        store=SqliteStore(database),
        blobs=FolderBlobs(folder / "files"),
        mail=FolderMail(folder / "mail", clock.now_ms),
        queue=SqliteQueue(database, lambda: clock.now_ms() / 1000),
        clock=clock,
        ids=RandomIds(clock.now_ms),
        below=secrets.randbelow,
        access_tokens=JwtAccessTokens(
            lambda: load_or_make_keys(folder / "signing-keys.json"), config.public_url
        ),
        passwords=Argon2Passwords(),
    )
