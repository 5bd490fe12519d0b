"""The PynamoDB models and ``infra/data.yaml`` declare the same tables, and no data goes with a stack."""

from collections.abc import Mapping
from typing import Any

import pytest

from local.provision import DATA_TEMPLATE, load_template
from pyairtable_common.engines.dynamodb.models import KEEPS_STREAM, MODELS
from pyairtable_common.repositories.ports import Table

TEMPLATE = load_template(DATA_TEMPLATE)
RESOURCES: Mapping[str, Mapping[str, Any]] = TEMPLATE["Resources"]
TABLES = {
    resource["Properties"]["TableName"]["Sub"].removeprefix("${Prefix}-${Stage}-"): resource
    for resource in RESOURCES.values()
    if resource["Type"] == "AWS::DynamoDB::Table"
}


def test_the_template_declares_the_tables_of_the_port_and_the_models_those_too() -> None:
    assert set(TABLES) == {table.value for table in Table}
    assert {table: model.Meta.table_name for table, model in MODELS.items()} == {t: t.value for t in Table}


@pytest.mark.parametrize("table", Table, ids=lambda table: table.value)
def test_keys_and_their_types_are_those_of_the_model(table: Table) -> None:
    properties, model = TABLES[table.value]["Properties"], MODELS[table]
    keys = {
        attribute.attr_name: ("HASH" if attribute.is_hash_key else "RANGE", attribute.attr_type)
        for attribute in model.get_attributes().values()
        if attribute.is_hash_key or attribute.is_range_key
    }
    types = {each["AttributeName"]: each["AttributeType"] for each in properties["AttributeDefinitions"]}
    assert {
        each["AttributeName"]: (each["KeyType"], types[each["AttributeName"]])
        for each in properties["KeySchema"]
    } == keys
    assert set(types) == set(keys)


@pytest.mark.parametrize("table", Table, ids=lambda table: table.value)
def test_time_to_live_is_a_number_of_the_model(table: Table) -> None:
    declared = TABLES[table.value]["Properties"]["TimeToLiveSpecification"]
    attribute = MODELS[table].get_attributes()["ttl"]
    assert declared == {"AttributeName": attribute.attr_name, "Enabled": True}
    assert (attribute.attr_type, attribute.null) == ("N", True)


@pytest.mark.parametrize("table", Table, ids=lambda table: table.value)
def test_the_data_of_an_item_is_binary(table: Table) -> None:
    attributes = MODELS[table].get_attributes()
    assert {name: attribute.attr_type for name, attribute in attributes.items()} == {
        "pk": "S",
        "sk": "S",
        "v": "N",
        "ttl": "N",
        "data": "B",
    }


def test_the_tables_with_a_stream_are_those_that_the_engine_reads() -> None:
    streams = {name: resource["Properties"].get("StreamSpecification") for name, resource in TABLES.items()}
    assert streams == {
        table.value: {"StreamViewType": "NEW_AND_OLD_IMAGES"} if table in KEEPS_STREAM else None
        for table in Table
    }


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_kept_backed_up_encrypted_and_paid_by_use(name: str) -> None:
    resource = TABLES[name]
    properties = resource["Properties"]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert properties["DeletionProtectionEnabled"] is True
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert "GlobalSecondaryIndexes" not in properties
    assert "LocalSecondaryIndexes" not in properties


def test_every_bucket_is_private_kept_versioned_and_encrypted() -> None:
    buckets = [each for each in RESOURCES.values() if each["Type"] == "AWS::S3::Bucket"]
    assert buckets
    for bucket in buckets:
        properties = bucket["Properties"]
        assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("Retain", "Retain")
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        assert len(properties["PublicAccessBlockConfiguration"]) == 4
        assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
        assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]


def test_every_bucket_refuses_plain_http() -> None:
    buckets = {name for name, each in RESOURCES.items() if each["Type"] == "AWS::S3::Bucket"}
    refusing = {
        policy["Properties"]["Bucket"]["Ref"]
        for policy in RESOURCES.values()
        if policy["Type"] == "AWS::S3::BucketPolicy" and any(map(_refuses_http, _statements(policy)))
    }
    assert refusing == buckets


def test_every_work_queue_has_a_dead_letter_queue_named_after_it() -> None:
    queues = {
        name: each["Properties"] for name, each in RESOURCES.items() if each["Type"] == "AWS::SQS::Queue"
    }
    work = {name: each for name, each in queues.items() if "RedrivePolicy" in each}
    assert {each["QueueName"]["Sub"] for each in work.values()} == {
        "${Prefix}-${Stage}-mail",
        "${Prefix}-${Stage}-jobs",
    }
    for queue in work.values():
        dead = queue["RedrivePolicy"]["deadLetterTargetArn"]["GetAtt"].removesuffix(".Arn")
        assert queues[dead]["QueueName"]["Sub"] == queue["QueueName"]["Sub"] + "-dead"
        assert queues[dead]["MessageRetentionPeriod"] > queue["MessageRetentionPeriod"]
    assert all(each["SqsManagedSseEnabled"] is True for each in queues.values())


def _statements(policy: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    statements: list[Mapping[str, Any]] = policy["Properties"]["PolicyDocument"]["Statement"]
    return statements


def _refuses_http(statement: Mapping[str, Any]) -> bool:
    said = [statement[name] for name in ("Effect", "Action", "Principal", "Condition")]
    return said == ["Deny", "s3:*", "*", {"Bool": {"aws:SecureTransport": "false"}}]
