"""What the port for queues promises, on every engine."""

import time
from collections.abc import Sequence

import pytest

from pyairtable_common.engines.sqlite.queue import SqliteQueue
from pyairtable_common.repositories.ports import Job, Queue


def test_a_sent_body_is_received_byte_for_byte(queue: Queue) -> None:
    queue.send("jobs", bytes(range(256)))
    assert [(job.body, job.attempts) for job in queue.receive("jobs")] == [(bytes(range(256)), 1)]


def test_an_empty_queue_gives_nothing(queue: Queue) -> None:
    assert list(queue.receive("jobs")) == []


def test_queues_are_apart(queue: Queue) -> None:
    queue.send("mail", b"letter")
    assert list(queue.receive("jobs")) == []
    assert [job.body for job in queue.receive("mail")] == [b"letter"]


def test_a_received_job_is_invisible_to_others(queue: Queue) -> None:
    queue.send("jobs", b"1")
    assert len(queue.receive("jobs")) == 1
    assert list(queue.receive("jobs")) == []


def test_a_job_that_was_not_acknowledged_comes_again_and_counts_its_attempts(queue: Queue) -> None:
    queue.send("jobs", b"1")
    queue.receive("jobs", visibility_seconds=1)
    again = receive_within(queue, seconds=5)
    assert [(job.body, job.attempts) for job in again] == [(b"1", 2)]


def test_an_acknowledged_job_never_comes_again(queue: Queue) -> None:
    queue.send("jobs", b"1")
    (job,) = queue.receive("jobs", visibility_seconds=1)
    queue.acknowledge("jobs", job.receipt)
    assert list(receive_within(queue, seconds=2)) == []


def test_a_delayed_job_comes_later_not_at_once(queue: Queue) -> None:
    queue.send("jobs", b"1", delay_seconds=1)
    assert list(queue.receive("jobs")) == []
    assert [job.body for job in receive_within(queue, seconds=5)] == [b"1"]


def test_a_receive_takes_no_more_than_its_limit_and_each_job_once(queue: Queue) -> None:
    for number in range(7):
        queue.send("jobs", b"%d" % number)
    bodies: list[bytes] = []
    for _ in range(10):
        jobs = queue.receive("jobs", limit=3)
        assert len(jobs) <= 3
        bodies += [job.body for job in jobs]
    assert sorted(bodies) == [b"%d" % number for number in range(7)]


def test_a_receipt_of_an_earlier_attempt_does_not_acknowledge_the_later_one() -> None:
    clock = [100.0]
    queue = SqliteQueue(":memory:", lambda: clock[0])
    try:
        queue.send("jobs", b"1")
        (first,) = queue.receive("jobs", visibility_seconds=30)
        clock[0] += 30
        queue.receive("jobs", visibility_seconds=30)
        queue.acknowledge("jobs", first.receipt)
        clock[0] += 30
        assert [job.attempts for job in queue.receive("jobs")] == [3]
    finally:
        queue.close()


@pytest.mark.parametrize("elapsed", [0.0, 29.9])
def test_a_job_stays_invisible_until_its_time_is_over(elapsed: float) -> None:
    clock = [100.0]
    queue = SqliteQueue(":memory:", lambda: clock[0])
    try:
        queue.send("jobs", b"1")
        queue.receive("jobs", visibility_seconds=30)
        clock[0] += elapsed
        assert list(queue.receive("jobs")) == []
    finally:
        queue.close()


def receive_within(queue: Queue, seconds: float) -> Sequence[Job]:
    """What comes first, or nothing when the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        jobs = queue.receive("jobs")
        if jobs:
            return jobs
        time.sleep(0.05)
    return ()
