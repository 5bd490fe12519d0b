"""The worker that sends letters: as SQS calls it, and the letters it writes."""

import importlib.util
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from pyairtable_common.application.mailings import QUEUE, deliver_letter
from pyairtable_common.domain.letters import (
    Letter,
    address_taken_letter,
    password_changed_letter,
    password_reset_letter,
    verification_letter,
)
from pyairtable_common.engines.sqs.queue import encode_body
from pyairtable_common.observability import Observer
from pyairtable_common.web.queue_handler import build_queue_handler
from received_mail import Mailbox
from world import ROOT, World

LETTERS = [
    verification_letter("https://pyairtable.test", "token"),
    address_taken_letter("https://pyairtable.test"),
    password_reset_letter("https://pyairtable.test", "token"),
    password_changed_letter("https://pyairtable.test"),
]


def test_what_fails_comes_back_and_what_is_done_does_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path)
    ada = world.sign_up("Ada")
    world.expect(202, "POST", "/v1/auth/password/forgot", {"email": ada.email})
    (job,) = world.services.queue.receive(QUEUE)
    bodies = [b"\x01{}", job.body, b"not ours"]
    event = {
        "Records": [
            {"messageId": str(n), "body": encode_body(body), "eventSourceARN": "arn:aws:sqs:r:1:x-mail"}
            for n, body in enumerate(bodies)
        ]
    }
    caplog.clear()
    handler = build_queue_handler(deliver_letter, lambda: world.services, Observer("auth"))
    assert handler(event, None) == {"batchItemFailures": [{"itemIdentifier": "0"}, {"itemIdentifier": "2"}]}
    assert [letter.to for letter in Mailbox(world, tmp_path).received()] == [ada.email]
    assert ada.email not in str([record.__dict__ for record in caplog.records])


def test_lambda_finds_the_worker_where_the_template_says() -> None:
    spec = importlib.util.spec_from_file_location("auth_worker", ROOT / "functions/auth/worker.py")
    assert spec is not None
    assert spec.loader is not None
    worker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(worker)
    assert worker.handler({"Records": []}, None) == {"batchItemFailures": []}
    assert "auth_worker" not in sys.modules


@pytest.mark.parametrize("letter", LETTERS, ids=lambda letter: letter.subject)
def test_a_letter_says_the_same_as_text_and_as_html(letter: Letter) -> None:
    body = ET.fromstring(  # noqa: S314 (our own text)
        letter.html.removeprefix("<!doctype html>").replace('<meta charset="utf-8">', "")
    )
    words = " ".join("".join(body.find("body").itertext()).split())  # type: ignore[union-attr]
    links = [element.attrib["href"] for element in body.iter("a")]
    for paragraph in letter.text.strip().split("\n\n"):
        label, _, url = paragraph.partition(":\n")
        assert label in words
        assert not url or url in links
    assert all(link.startswith("https://pyairtable.test/") for link in links)
    assert max(map(len, letter.subject.splitlines())) < 60
