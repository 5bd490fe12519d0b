"""A Lambda handler for a schedule: work that looks for itself what there is to do."""

from collections.abc import Callable, Mapping
from typing import Any

from pyairtable_common.application.services import Services
from pyairtable_common.observability import Observer

Handler = Callable[[Mapping[str, Any], Any], None]


def build_schedule_handler(
    name: str, work: Callable[[Services], object], services: Callable[[], Services], observer: Observer
) -> Handler:
    """Each invocation does ``work`` once; what it raises makes Lambda try again, and its alarm ring."""

    def handler(event: Mapping[str, Any], context: Any) -> None:  # noqa: ANN401
        told = {
            "httpMethod": "SCHEDULE",
            "resource": name,
            "requestContext": {"requestId": str(event.get("id", ""))},
        }
        with observer.request(told, context):
            try:
                work(services())
            except Exception as error:
                observer.failed(error)
                raise

    return handler
