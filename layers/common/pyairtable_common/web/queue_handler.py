"""A Lambda handler for jobs from SQS: what fails comes back, what is done does not."""

from collections.abc import Callable, Mapping
from typing import Any

from pyairtable_common.application.services import Services
from pyairtable_common.engines.sqs.queue import decode_body
from pyairtable_common.observability import Observer

Handler = Callable[[Mapping[str, Any], Any], Mapping[str, Any]]


def build_queue_handler(
    work: Callable[[Services, bytes], None], services: Callable[[], Services], observer: Observer
) -> Handler:
    """Each job by itself; the answer names those that failed (``ReportBatchItemFailures``)."""

    def handler(event: Mapping[str, Any], context: Any) -> Mapping[str, Any]:  # noqa: ANN401
        failed = [
            record["messageId"]
            for record in event["Records"]
            if not _is_done(work, services, observer, record, context)
        ]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    return handler


def _is_done(
    work: Callable[[Services, bytes], None],
    services: Callable[[], Services],
    observer: Observer,
    record: Mapping[str, Any],
    context: object,
) -> bool:
    queue = record["eventSourceARN"].rpartition(":")[2]
    told = {
        "httpMethod": "SQS",
        "resource": queue,
        "requestContext": {"requestId": record["messageId"]},
    }
    with observer.request(told, context):
        try:
            work(services(), decode_body(record["body"]))
        except Exception as error:  # noqa: BLE001 - the outermost boundary
            observer.failed(error)
            return False
    return True
