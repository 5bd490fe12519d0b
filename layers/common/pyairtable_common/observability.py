"""Logs and metrics: what happened to a request, never what was in it.

No body, query, header, token or address is logged; paths appear as their
templates. Every line carries the gateway's request id as correlation id.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

_NAMESPACE = "PyAirtable"


@dataclass(slots=True)
class _Facts:
    """What is known of the request being served."""

    correlation_id: str
    route: str
    outcome: str = "ok"
    limiter_outages: int = 0


_facts: ContextVar[_Facts] = ContextVar("facts")


def note_limiter_outage() -> None:
    """The shared counters of the rate limits did not answer: the container went on by itself."""
    facts = _facts.get(None)
    if facts is not None:
        facts.limiter_outages += 1


class Observer:
    """Watches the requests of one service."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._logger = Logger(service=service)

    @contextmanager
    def request(self, event: Mapping[str, Any], context: object) -> Iterator[None]:
        """Around one request: a log line and metrics of its route, outcome and duration."""
        gateway = event.get("requestContext") or {}
        facts = _Facts(
            correlation_id=str(gateway.get("requestId", "")),
            route=f"{event.get('httpMethod')} {event.get('resource')}",
        )
        token = _facts.set(facts)
        start = time.perf_counter()
        try:
            yield
        finally:
            _facts.reset(token)
            self._tell(facts, (time.perf_counter() - start) * 1000)

    def refused(self, error: Exception) -> None:
        """The caller got an error that is an answer; only its class is told."""
        _facts.get().outcome = type(error).__name__

    def failed(self, error: Exception) -> None:
        """A defect or an outage: the log gets the place, not the values."""
        facts = _facts.get()
        facts.outcome = "failed"
        self._logger.error(
            "request failed",
            extra={
                "correlation_id": facts.correlation_id,
                "route": facts.route,
                "error": type(error).__name__,
                "at": _places(error),
            },
        )

    def _tell(self, facts: _Facts, milliseconds: float) -> None:
        self._logger.info(
            "request",
            extra={
                "correlation_id": facts.correlation_id,
                "route": facts.route,
                "outcome": facts.outcome,
                "milliseconds": round(milliseconds, 1),
            },
        )
        metrics = EphemeralMetrics(namespace=_NAMESPACE, service=self._service)
        metrics.add_metric("Duration", MetricUnit.Milliseconds, milliseconds)
        metrics.add_metric("Failures", MetricUnit.Count, 1 if facts.outcome == "failed" else 0)
        if facts.limiter_outages:
            metrics.add_metric("LimiterOutages", MetricUnit.Count, facts.limiter_outages)
        metrics.flush_metrics()


def _places(error: BaseException) -> list[str]:
    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places
