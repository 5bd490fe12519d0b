"""Makes the chosen engine ready before the functions are loaded."""

import http.client
from collections.abc import Mapping
from urllib.parse import urlsplit

from local.options import Options
from local.problems import Problem

_PREFIX = "pyairtable"
_STAGE = "local"
_ANSWER_SECONDS = 5


def ready_engine(options: Options) -> Mapping[str, str]:
    """Prepares the engine; returns the variables with which the functions find it.

    For DynamoDB the tables are made from the infra template, where they are not there yet.
    Raises ``Problem`` if the engine does not answer or refuses.
    """
    if options.engine == "sqlite":
        return {}
    from botocore.exceptions import BotoCoreError, ClientError

    from local.provision import ALL_SERVICES, Engine, provision

    software = require_answer(options.endpoint_url)
    services = {"dynamodb"} if _is_dynamodb_alone(software) else ALL_SERVICES
    try:
        made = provision(Engine(options.endpoint_url), prefix=_PREFIX, stage=_STAGE, services=services)
    except (BotoCoreError, ClientError) as error:
        raise Problem(f"The engine at {options.endpoint_url} cannot hold the tables: {error}") from error
    return {
        "AWS_ENDPOINT_URL": options.endpoint_url,
        "PYAIRTABLE_TABLE_PREFIX": made.name_prefix,
        "PYAIRTABLE_BUCKET": made.bucket,
    }


def require_answer(endpoint_url: str) -> str:
    """What the HTTP server there calls itself. Raises ``Problem`` if there is none."""
    try:
        return _knock(endpoint_url)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Problem(
            f"DynamoDB does not answer at {endpoint_url}: start DynamoDB Local, MiniStack or LocalStack "
            "there, or set AWS_ENDPOINT_URL."
        ) from error


def _knock(endpoint_url: str) -> str:
    url = urlsplit(endpoint_url)
    kind = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    if url.scheme not in kind or url.hostname is None:
        raise ValueError(endpoint_url)
    connection = kind[url.scheme](url.hostname, url.port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/")
        return str(connection.getresponse().getheader("Server", ""))
    finally:
        connection.close()


def _is_dynamodb_alone(software: str) -> bool:
    """Amazon's DynamoDB Local runs on Jetty and has no other service."""
    return software.startswith("Jetty")
