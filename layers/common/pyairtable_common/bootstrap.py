"""Builds the services of this container from its configuration, once.

The one place that knows which engine stands behind which port. An engine is
imported only where the configuration asks for it.
"""

import secrets
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock

from pyairtable_common.application.rate_limits import RateLimiter
from pyairtable_common.application.services import Services
from pyairtable_common.config import Config, Engine, MissingSetting, read_config, runs_in_lambda
from pyairtable_common.domain.clock import Clock, SystemClock
from pyairtable_common.domain.ids import RandomIds
from pyairtable_common.domain.rate_limits import PROFILES
from pyairtable_common.engines.security.access_tokens import JwtAccessTokens
from pyairtable_common.engines.security.derived_secrets import HmacSecrets
from pyairtable_common.engines.security.passwords import Argon2Passwords
from pyairtable_common.engines.security.signing_keys import SigningKeys, load_or_make_keys, load_secret_keys
from pyairtable_common.observability import note_limiter_outage
from pyairtable_common.repositories.ports import Counters

_building = Lock()


def services() -> Services:
    """This container's services: the same ones at every call. Raises ``MissingSetting``."""
    with _building:
        return _services()


def prepare() -> None:
    """Builds the services while Lambda starts a container, which no caller waits for a second time.

    Elsewhere the first request does. Raises ``MissingSetting``: the function does not start then.
    """
    if runs_in_lambda():
        services()


@cache
def _services() -> Services:
    config = read_config()
    build = embedded_services if config.engine is Engine.SQLITE else cloud_services
    return build(config, SystemClock())


def embedded_services(config: Config, clock: Clock) -> Services:
    """Everything in ``config.data_dir``: one SQLite file, and folders for files and mail."""
    from pyairtable_common.engines.files.blobs import FolderBlobs
    from pyairtable_common.engines.files.mail import FolderMail
    from pyairtable_common.engines.sqlite.counters import SqliteCounters
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
        access_tokens=JwtAccessTokens(_signing_keys(config), config.public_url),
        passwords=Argon2Passwords(),
        limiter=_limiter(config, SqliteCounters(folder / "counters.sqlite3", clock.now_ms), clock),
        edge_proof=config.edge_proof,
        derived=HmacSecrets(_signing_keys(config)),
        public_url=config.public_url,
        require_verification=config.require_verification,
    )


def cloud_services(config: Config, clock: Clock) -> Services:
    """DynamoDB, S3, SES and SQS: AWS's own, or those that answer at ``config.endpoint_url``."""
    from pyairtable_common.engines.aws import LOCAL_CREDENTIALS, LateClient, make_client
    from pyairtable_common.engines.dynamodb.counters import DynamoCounters
    from pyairtable_common.engines.dynamodb.store import DynamoStore
    from pyairtable_common.engines.s3.blobs import S3Blobs
    from pyairtable_common.engines.ses.mail import SesMail
    from pyairtable_common.engines.sqs.queue import SqsQueue

    credentials = LOCAL_CREDENTIALS if config.endpoint_url else None

    def client(service: str) -> LateClient:
        return LateClient(
            lambda: make_client(
                service, region=config.region, endpoint_url=config.endpoint_url, credentials=credentials
            )
        )

    store = DynamoStore(
        config.table_prefix, region=config.region, endpoint_url=config.endpoint_url, credentials=credentials
    )
    return Services(
        store=store,
        blobs=S3Blobs(client("s3"), config.bucket),
        mail=SesMail(client("sesv2"), config.mail_sender),
        queue=SqsQueue(client("sqs"), config.table_prefix),
        clock=clock,
        ids=RandomIds(clock.now_ms),
        below=secrets.randbelow,
        access_tokens=JwtAccessTokens(_signing_keys(config), config.public_url),
        passwords=Argon2Passwords(),
        limiter=_limiter(config, DynamoCounters(config.table_prefix, store.connection), clock),
        edge_proof=config.edge_proof,
        derived=HmacSecrets(_signing_keys(config)),
        public_url=config.public_url,
        require_verification=config.require_verification,
    )


def _limiter(config: Config, counters: Counters, clock: Clock) -> RateLimiter:
    return RateLimiter(counters, clock, PROFILES[config.rate_limits], note_limiter_outage)


def _signing_keys(config: Config) -> Callable[[], SigningKeys]:
    """From Secrets Manager, or, without a secret's name, made once in the data folder."""
    if config.signing_keys_secret:
        return lambda: load_secret_keys(config.signing_keys_secret, config.region, config.endpoint_url)
    if config.data_dir:
        return lambda: load_or_make_keys(Path(config.data_dir) / "signing-keys.json")
    raise MissingSetting("neither PYAIRTABLE_SIGNING_KEYS_SECRET nor PYAIRTABLE_DATA_DIR is set")
