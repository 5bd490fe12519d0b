"""What the port for mail promises: a folder that keeps letters, and SES as moto plays it."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sesv2.models import sesv2_backends

from pyairtable_common.engines.aws import LOCAL_CREDENTIALS, make_client
from pyairtable_common.engines.files.mail import FolderMail
from pyairtable_common.engines.ses.mail import SesMail
from pyairtable_common.repositories.ports import Message

LETTER = Message("ada@example.com", "Grüße, 日本 🙂", "Hello\nAda, naïve", "<p>Hello <b>Ada</b></p>")
PLAIN = Message("ada@example.com", "Hello", "just text")


@pytest.fixture
def ses() -> Iterator[SesMail]:
    with mock_aws():
        client = make_client("sesv2", region="us-east-1", credentials=LOCAL_CREDENTIALS)
        client.create_email_identity(EmailIdentity="pyairtable@example.com")
        yield SesMail(client, "pyairtable@example.com")
        client.close()


def read_letters(folder: Path) -> list[EmailMessage]:
    letters = []
    for path in sorted(folder.glob("*.eml")):
        letter = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert isinstance(letter, EmailMessage)
        letters.append(letter)
    return letters


def test_the_folder_keeps_a_letter_as_it_was_sent(tmp_path: Path) -> None:
    FolderMail(tmp_path, lambda: 1_700_000_000_000).send(LETTER)
    (letter,) = read_letters(tmp_path)
    text, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert (letter["To"], letter["Subject"]) == (LETTER.to, LETTER.subject)
    assert text is not None
    assert html is not None
    assert text.get_content().strip() == LETTER.text
    assert html.get_content().strip() == LETTER.html


def test_the_folder_keeps_letters_of_one_millisecond_apart(tmp_path: Path) -> None:
    mail = FolderMail(tmp_path, lambda: 1_700_000_000_000)
    mail.send(LETTER)
    mail.send(PLAIN)
    assert sorted(letter["Subject"] for letter in read_letters(tmp_path)) == sorted(
        [LETTER.subject, PLAIN.subject]
    )


@pytest.mark.parametrize("to", ["ada@example.com\nBcc: eve@example.com", "ada@example.com\r\n\r\nbody"])
def test_an_address_cannot_smuggle_in_a_header(tmp_path: Path, to: str) -> None:
    with pytest.raises(ValueError, match=r"linefeed|newline|CR|LF"):
        FolderMail(tmp_path, lambda: 0).send(Message(to, "subject", "text"))
    assert read_letters(tmp_path) == []


def test_ses_sends_text_and_html_to_one_person(ses: SesMail) -> None:
    ses.send(LETTER)
    ses.send(PLAIN)
    sent = sesv2_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].core_backend.sent_messages
    assert [message.destinations["ToAddresses"] for message in sent] == [[LETTER.to], [PLAIN.to]]
    assert [message.source for message in sent] == ["pyairtable@example.com"] * 2
    assert [message.subject for message in sent] == [LETTER.subject, PLAIN.subject]
