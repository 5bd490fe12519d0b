"""The JSON codec at the edge."""

import pytest

from pyairtable_common.domain.errors import BodyTooLarge, DomainError, InvalidRequest, UnreadableBody
from pyairtable_common.web.json_codec import MAX_BYTES, MAX_DEPTH, decode_object


def test_an_object_is_decoded_as_it_stands() -> None:
    assert decode_object('{"a": [1, 2.5, "é", null, true]}'.encode()) == {"a": [1, 2.5, "é", None, True]}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 01}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000 + b"]" * 100_000,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_not_json_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableBody):
        decode_object(body)


@pytest.mark.parametrize("body", [b"null", b"[]", b'"text"', b"1", b"true", b'[{"a": 1}]'])
def test_json_that_is_no_object_is_an_invalid_request(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        decode_object(body)
    assert type(caught.value) is InvalidRequest


def test_depth_is_limited() -> None:
    assert decode_object(_nested(MAX_DEPTH)) is not None
    with pytest.raises(InvalidRequest):
        decode_object(_nested(MAX_DEPTH + 1))


def test_size_is_limited() -> None:
    def body(size: int) -> bytes:
        return b'{"a":"' + b"x" * (size - 8) + b'"}'

    assert decode_object(body(MAX_BYTES)) is not None
    with pytest.raises(BodyTooLarge):
        decode_object(body(MAX_BYTES + 1))


def test_a_number_too_large_for_a_double_is_refused_and_one_that_fits_is_not() -> None:
    assert decode_object(b'{"a": 1e308}') == {"a": 1e308}
    with pytest.raises(DomainError):
        decode_object(b'{"a": 1e309}')


def _nested(depth: int) -> bytes:
    return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)
