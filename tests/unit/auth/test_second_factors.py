"""One-time passwords against RFC 6238's own vectors, and what a factor takes and refuses."""

import base64
import doctest
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from pyairtable_common.domain import second_factors
from pyairtable_common.domain.second_factors import (
    SecondFactor,
    canonical_code,
    provisioning_uri,
    recovery_code,
    totp,
)

SECRET = b"12345678901234567890"
NOW_MS = 1_780_000_000_000
STEP = NOW_MS // 30_000
FACTOR = SecondFactor("usrAAAAAAAAAAAAAA", "nonce", "mark", confirmed=True)

# RFC 6238, appendix B: seconds, one-time password for SHA-1, SHA-256 and SHA-512.
VECTORS = [
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
]


@pytest.mark.parametrize(("seconds", "sha1", "sha256", "sha512"), VECTORS)
def test_one_time_passwords_are_those_of_the_rfc(seconds: int, sha1: str, sha256: str, sha512: str) -> None:
    step = seconds // 30
    assert totp(SECRET, step, 8) == sha1
    assert totp((SECRET * 4)[:32], step, 8, "sha256") == sha256
    assert totp((SECRET * 4)[:64], step, 8, "sha512") == sha512


def test_the_examples_in_the_module_hold() -> None:
    assert doctest.testmod(second_factors).attempted > 0
    assert doctest.testmod(second_factors).failed == 0


@pytest.mark.parametrize("beside", range(-4, 5))
def test_a_code_of_one_step_beside_is_taken_and_no_other(beside: int) -> None:
    after = FACTOR.after_password(totp(SECRET, STEP + beside), SECRET, NOW_MS)
    assert (after is not None) is (abs(beside) <= 1)
    assert after is None or after.last_step == STEP + beside


def test_a_code_and_all_before_it_are_taken_once() -> None:
    after = FACTOR.after_password(totp(SECRET, STEP), SECRET, NOW_MS)
    assert after is not None
    assert after.after_password(totp(SECRET, STEP), SECRET, NOW_MS) is None
    assert after.after_password(totp(SECRET, STEP - 1), SECRET, NOW_MS) is None
    assert after.after_password(totp(SECRET, STEP + 1), SECRET, NOW_MS) is not None


def test_what_is_no_code_is_refused() -> None:
    good = totp(SECRET, STEP)
    for code in ("", good[:5], good + "0", "\u0661" * 6, f"+{good[1:]}"):
        assert FACTOR.after_password(code, SECRET, NOW_MS) is None


def test_five_failures_block_for_the_rest_of_a_quarter_of_an_hour_and_never_longer() -> None:
    factor = FACTOR
    for number in range(5):
        assert factor.blocked_ms(NOW_MS + number) == 0
        factor = factor.failed(NOW_MS + number)
    assert factor.blocked_ms(NOW_MS + 5) == 15 * 60_000 - 5
    assert factor.blocked_ms(NOW_MS + 15 * 60_000) == 0
    assert factor.failed(NOW_MS + 15 * 60_000).failures == 1


def test_a_recovery_code_is_taken_once() -> None:
    factor = replace(FACTOR, recovery=("a", "b"))
    after = factor.after_recovery("a")
    assert after is not None
    assert after.recovery == ("b",)
    assert after.after_recovery("a") is None


def test_codes_are_read_however_they_are_written() -> None:
    code = recovery_code(b"\x00\x44\x32\x14\xc7\x42\x54\xb6\x35\xcf and more")
    assert code == "abcd-efgh-ijkl-mnop"
    assert canonical_code(" ABCD EFGH-ijkl mnop") == "abcdefghijklmnop"
    assert canonical_code("x" * 65) == ""


def test_an_authenticator_is_told_everything_it_needs() -> None:
    uri = urlsplit(provisioning_uri(SECRET, "ada+x@example.org"))
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/PyAirtable%3Aada%2Bx@example.org")
    assert parse_qs(uri.query) == {
        "secret": [base64.b32encode(SECRET).decode()],
        "issuer": ["PyAirtable"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }
