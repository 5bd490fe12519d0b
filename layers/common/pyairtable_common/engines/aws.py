"""How the engines reach AWS: one small client factory, bounded in time and retries."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True, slots=True)
class Credentials:
    """Static keys, for local engines; in AWS the role's own are used."""

    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one HTTP request may take (seconds), and how many one call may need."""

    connect: float = 1.0
    read: float = 4.0
    attempts: int = 3


LOCAL_CREDENTIALS = Credentials("local", "local")


def make_client(
    service: str,
    *,
    region: str,
    endpoint_url: str | None = None,
    credentials: Credentials | None = None,
    patience: Patience | None = None,
) -> Any:  # noqa: ANN401 (botocore makes its clients at run time)
    """A client for ``service``; ``endpoint_url`` and ``credentials`` are for local engines."""
    from botocore.config import Config
    from botocore.session import get_session

    patience = patience or Patience()
    return get_session().create_client(
        service,
        region_name=region,
        endpoint_url=endpoint_url,
        aws_access_key_id=credentials.access_key_id if credentials else None,
        aws_secret_access_key=credentials.secret_access_key if credentials else None,
        config=Config(
            connect_timeout=patience.connect,
            read_timeout=patience.read,
            retries={"total_max_attempts": patience.attempts, "mode": "standard"},
            max_pool_connections=32,
            s3={"addressing_style": "path"} if endpoint_url else None,
        ),
    )


class LateClient:
    """A client that is made when it is first used: most requests need none but DynamoDB's."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (botocore makes its clients at run time)
        return getattr(self._client, name)

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401
        return self._make()
