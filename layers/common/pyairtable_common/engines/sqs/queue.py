"""``Queue`` on SQS."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

from pyairtable_common.repositories.ports import Job

_MAX_RECEIVE = 10


class SqsQueue:
    """The queues whose names begin with ``prefix``, through a botocore ``sqs`` client.

    SQS carries text of a restricted alphabet, so a body travels as base64.
    """

    def __init__(self, client: Any, prefix: str) -> None:  # noqa: ANN401 (botocore makes its clients at run time)
        self._client = client
        self._prefix = prefix
        self._urls: dict[str, str] = {}

    def send(self, queue: str, body: bytes, delay_seconds: int = 0) -> None:
        self._client.send_message(
            QueueUrl=self._find_url(queue), MessageBody=encode_body(body), DelaySeconds=delay_seconds
        )

    def receive(self, queue: str, limit: int = 10, visibility_seconds: int = 30) -> Sequence[Job]:
        answer = self._client.receive_message(
            QueueUrl=self._find_url(queue),
            MaxNumberOfMessages=min(limit, _MAX_RECEIVE),
            VisibilityTimeout=visibility_seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        return [
            Job(
                receipt=message["ReceiptHandle"],
                body=decode_body(message["Body"]),
                attempts=int(message["Attributes"]["ApproximateReceiveCount"]),
            )
            for message in answer.get("Messages", [])
        ]

    def acknowledge(self, queue: str, receipt: str) -> None:
        self._client.delete_message(QueueUrl=self._find_url(queue), ReceiptHandle=receipt)

    def _find_url(self, queue: str) -> str:
        if queue not in self._urls:
            self._urls[queue] = self._client.get_queue_url(QueueName=self._prefix + queue)["QueueUrl"]
        return self._urls[queue]


def encode_body(body: bytes) -> str:
    return b64encode(body).decode("ascii")


def decode_body(text: str) -> bytes:
    """The body of a message as SQS hands it over, to a poll or to a Lambda."""
    return b64decode(text, validate=True)
