"""``Mail`` through SES."""

from typing import Any

from pyairtable_common.repositories.ports import Message

_CHARSET = "UTF-8"


class SesMail:
    """Sends from one verified address, through a botocore ``sesv2`` client."""

    def __init__(self, client: Any, sender: str) -> None:  # noqa: ANN401 (botocore makes its clients at run time)
        self._client = client
        self._sender = sender

    def send(self, message: Message) -> None:
        body = {"Text": _to_content(message.text)}
        if message.html is not None:
            body["Html"] = _to_content(message.html)
        self._client.send_email(
            FromEmailAddress=self._sender,
            Destination={"ToAddresses": [message.to]},
            Content={"Simple": {"Subject": _to_content(message.subject), "Body": body}},
        )


def _to_content(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": _CHARSET}
