"""``Blobs`` on S3."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})


class S3Blobs:
    """Files in one bucket, through a botocore ``s3`` client."""

    def __init__(self, client: Any, bucket: str) -> None:  # noqa: ANN401 (botocore makes its clients at run time)
        self._client = client
        self._bucket = bucket

    def put(self, key: str, data: bytes, content_type: str) -> None:
        self._client.put_object(Bucket=self._bucket, Key=key, Body=data, ContentType=content_type)

    def get(self, key: str) -> bytes | None:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return None
            raise
        with answer["Body"] as body:
            data: bytes = body.read()
        return data

    def delete(self, key: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=key)

    def keys(self, prefix: str) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        for page in pages:
            for found in page.get("Contents", []):
                yield found["Key"]
