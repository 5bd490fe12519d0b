"""Makes what ``infra/data.yaml`` declares on a local engine: tables, bucket and queues.

DynamoDB Local has no CloudFormation, so the template is read here and each resource
made by its own service's call. What only AWS can give (encryption, backups, deletion
protection, policies) is left out.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import get_session

DATA_TEMPLATE = Path(__file__).resolve().parents[1] / "data.yaml"
ALL_SERVICES = frozenset({"dynamodb", "s3", "sqs"})
ACCOUNT = "000000000000"

Resource: TypeAlias = Mapping[str, Any]
_THERE_ALREADY = frozenset({"ResourceInUseException", "BucketAlreadyOwnedByYou", "BucketAlreadyExists"})
_TABLE_SETTINGS = ("TableName", "BillingMode", "AttributeDefinitions", "KeySchema")


@dataclass(frozen=True, slots=True)
class Provisioned:
    """The names that were made: ``name_prefix`` comes before each table's and queue's logical name."""

    name_prefix: str
    bucket: str


@dataclass(frozen=True, slots=True)
class Engine:
    """Where a local engine listens (``None``: AWS itself); any credentials do."""

    endpoint_url: str | None
    region: str = "us-east-1"

    def client(self, service: str) -> Any:  # noqa: ANN401 (botocore makes its clients at run time)
        return _session().create_client(
            service,
            region_name=self.region,
            endpoint_url=self.endpoint_url,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 (local engines take any)
            config=Config(
                connect_timeout=2,
                read_timeout=20,
                retries={"total_max_attempts": 3, "mode": "standard"},
                s3={"addressing_style": "path"},
            ),
        )


@cache
def _session() -> Any:  # noqa: ANN401 (botocore is untyped)
    """One session for all clients: it keeps the service models, which are slow to read."""
    return get_session()


def provision(
    engine: Engine,
    *,
    prefix: str,
    stage: str,
    services: Collection[str] = ALL_SERVICES,
    template: Path = DATA_TEMPLATE,
) -> Provisioned:
    """Makes what is not there yet of ``services``; what is there stays as it is, with its data.

    ``prefix`` and ``stage`` are the template's parameters. DynamoDB Local has only ``dynamodb``.
    """
    names = {"Prefix": prefix, "Stage": stage, "AWS::AccountId": ACCOUNT}
    resources = [_resolve(each, names) for each in load_template(template)["Resources"].values()]
    for kind, (service, make) in _MAKERS.items():
        if service in services:
            client = engine.client(service)
            for resource in sorted(resources, key=_is_redriven):
                if resource["Type"] == kind:
                    make(client, resource["Properties"])
            client.close()
    buckets = [each["Properties"]["BucketName"] for each in resources if each["Type"] == "AWS::S3::Bucket"]
    return Provisioned(f"{prefix}-{stage}-", buckets[0])


def load_template(path: Path) -> Mapping[str, Any]:
    """A CloudFormation template; ``!Sub x`` is read as ``{"Sub": "x"}``."""
    # The loader is a SafeLoader: it builds plain values only.
    template: Mapping[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_TemplateLoader)  # noqa: S506
    return template


class _TemplateLoader(yaml.SafeLoader):
    """Safe YAML with CloudFormation's short-form tags."""


def _construct_tagged(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.ScalarNode):
        return {tag: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {tag: loader.construct_sequence(node, deep=True)}
    raise yaml.YAMLError(f"!{tag} takes a text or a list")


_TemplateLoader.add_multi_constructor("!", _construct_tagged)


def _resolve(value: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 (a YAML tree)
    """Puts ``names`` into every ``Sub``; what refers to other resources stays as it is."""
    if isinstance(value, dict):
        if value.keys() == {"Sub"}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: names.get(found[1], found[0]), value["Sub"])
        return {key: _resolve(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [_resolve(each, names) for each in value]
    return value


def _is_redriven(resource: Resource) -> bool:
    return "RedrivePolicy" in resource["Properties"]


def _make_table(client: Any, properties: Resource) -> None:  # noqa: ANN401
    arguments = {name: properties[name] for name in _TABLE_SETTINGS}
    if "StreamSpecification" in properties:
        arguments["StreamSpecification"] = {"StreamEnabled": True, **properties["StreamSpecification"]}
    if _make(client.create_table, **arguments):
        client.get_waiter("table_exists").wait(
            TableName=properties["TableName"], WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        client.update_time_to_live(
            TableName=properties["TableName"], TimeToLiveSpecification=properties["TimeToLiveSpecification"]
        )


def _make_bucket(client: Any, properties: Resource) -> None:  # noqa: ANN401
    if _make(client.create_bucket, Bucket=properties["BucketName"]):
        client.put_bucket_versioning(
            Bucket=properties["BucketName"], VersioningConfiguration=properties["VersioningConfiguration"]
        )


def _make_queue(client: Any, properties: Resource) -> None:  # noqa: ANN401
    attributes = {
        name: str(properties[name])
        for name in ("VisibilityTimeout", "MessageRetentionPeriod")
        if name in properties
    }
    if _is_redriven({"Properties": properties}):
        attributes["RedrivePolicy"] = json.dumps(
            {
                "deadLetterTargetArn": _find_queue_arn(client, f"{properties['QueueName']}-dead"),
                "maxReceiveCount": properties["RedrivePolicy"]["maxReceiveCount"],
            }
        )
    client.create_queue(QueueName=properties["QueueName"], Attributes=attributes)


def _find_queue_arn(client: Any, name: str) -> str:  # noqa: ANN401
    url = client.get_queue_url(QueueName=name)["QueueUrl"]
    arn: str = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    return arn


def _make(call: Callable[..., object], **arguments: object) -> bool:
    """Whether the call made something: not when it is there already."""
    try:
        call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in _THERE_ALREADY:
            return False
        raise
    return True


_MAKERS: Mapping[str, tuple[str, Callable[[Any, Resource], None]]] = {
    "AWS::DynamoDB::Table": ("dynamodb", _make_table),
    "AWS::S3::Bucket": ("s3", _make_bucket),
    "AWS::SQS::Queue": ("sqs", _make_queue),
}
