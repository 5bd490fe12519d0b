"""The environment as one typed value; the only place that names an environment variable."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from pyairtable_common.domain.rate_limits import PROFILES


class Engine(Enum):
    SQLITE = "sqlite"
    DYNAMODB = "dynamodb"


class MissingSetting(Exception):
    """The function cannot start: a setting is missing or is none of its values."""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that differs between stages.

    ``endpoint_url`` and ``region`` are for engines of AWS's kind; ``data_dir`` for
    the embedded one. ``signing_keys_secret`` names the Secrets Manager secret; on
    the embedded engine the keys are made once in ``data_dir``. ``rate_limits`` is a
    profile of ``domain.rate_limits``; ``edge_proof`` is what our own edge sends along.
    """

    stage: str
    engine: Engine
    public_url: str
    table_prefix: str
    bucket: str
    data_dir: str
    signing_keys_secret: str
    mail_sender: str
    region: str
    endpoint_url: str | None
    rate_limits: str
    edge_proof: str
    require_verification: bool


def read_config(environment: Mapping[str, str] = os.environ) -> Config:
    """Raises ``MissingSetting`` with a sentence that names the variable."""
    engine = _engine(environment)
    cloud = engine is Engine.DYNAMODB
    return Config(
        stage=environment.get("PYAIRTABLE_STAGE", "local"),
        engine=engine,
        public_url=_required(environment, "PYAIRTABLE_PUBLIC_URL"),
        table_prefix=_required(environment, "PYAIRTABLE_TABLE_PREFIX") if cloud else "",
        bucket=_required(environment, "PYAIRTABLE_BUCKET") if cloud else "",
        data_dir=environment.get("PYAIRTABLE_DATA_DIR", "")
        if cloud
        else _required(environment, "PYAIRTABLE_DATA_DIR"),
        signing_keys_secret=environment.get("PYAIRTABLE_SIGNING_KEYS_SECRET", ""),
        mail_sender=environment.get("PYAIRTABLE_MAIL_SENDER", ""),
        region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1",
        endpoint_url=environment.get("AWS_ENDPOINT_URL") or None,
        rate_limits=_one_of(environment, "PYAIRTABLE_RATE_LIMITS", PROFILES, "generous"),
        edge_proof=environment.get("PYAIRTABLE_EDGE_PROOF", ""),
        require_verification=_truth(environment, "PYAIRTABLE_REQUIRE_VERIFICATION", default=cloud),
    )


def runs_in_lambda(environment: Mapping[str, str] = os.environ) -> bool:
    return "AWS_LAMBDA_FUNCTION_NAME" in environment


def _engine(environment: Mapping[str, str]) -> Engine:
    word = _required(environment, "PYAIRTABLE_ENGINE")
    try:
        return Engine(word)
    except ValueError as error:
        known = ", ".join(engine.value for engine in Engine)
        raise MissingSetting(f"PYAIRTABLE_ENGINE is {word!r}; it must be one of {known}") from error


def _one_of(environment: Mapping[str, str], name: str, known: Iterable[str], default: str) -> str:
    word = environment.get(name) or default
    if word not in known:
        raise MissingSetting(f"{name} is {word!r}; it must be one of {', '.join(known)}")
    return word


def _data_dir(environment: Mapping[str, str], *, cloud: bool) -> str:
    return (
        environment.get("PYAIRTABLE_DATA_DIR", "") if cloud else _required(environment, "PYAIRTABLE_DATA_DIR")
    )


def _truth(environment: Mapping[str, str], name: str, *, default: bool) -> bool:
    word = environment.get(name) or str(default).lower()
    if word not in ("true", "false"):
        raise MissingSetting(f"{name} is {word!r}; it must be true or false")
    return word == "true"


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name)
    if not value:
        raise MissingSetting(f"{name} is not set")
    return value
