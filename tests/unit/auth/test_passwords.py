"""Which passwords are taken, and how they are kept (T22)."""

import subprocess
import sys

import pytest

from pyairtable_common.domain.errors import Invalid
from pyairtable_common.domain.passwords import (
    acceptable_password,
    common_passwords,
    common_passwords_path,
    is_guessable,
    letters_of,
    normalised_password,
)
from pyairtable_common.engines.security.passwords import Argon2Passwords

PASSWORDS = Argon2Passwords()


def test_a_hash_is_argon2id_with_nineteen_mebibytes_and_two_passes() -> None:
    assert PASSWORDS.hash("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_only_the_right_password_matches() -> None:
    hashed = PASSWORDS.hash("violet kettle")
    assert PASSWORDS.verify(hashed, "violet kettle")
    assert not PASSWORDS.verify(hashed, "violet kettlE")
    assert not PASSWORDS.verify(hashed, "")


def test_no_hash_matches_nothing() -> None:
    assert not PASSWORDS.verify(None, "violet kettle")


def test_two_hashes_of_one_password_differ() -> None:
    assert PASSWORDS.hash("violet kettle") != PASSWORDS.hash("violet kettle")


@pytest.mark.parametrize(
    "password",
    [
        "fifteen letterz",
        "violet kettle under seven moons",
        "Fünfzehn Zeichen reichen",
        "パスワードは十五文字以上にします",
        "🦊🐙🦑🦐🦞🦀🐡🐠🐟🐬🐳🐋🦈🐊🐅",
        "804713950266173",
        "!#%&()=?{[]}+-*a",
        "f" + "violet kettle " * 4 + "under seven moons, " * 40,
    ],
)
def test_a_long_password_of_any_characters_is_taken(password: str) -> None:
    assert acceptable_password(password) == normalised_password(password)


@pytest.mark.parametrize(
    "password",
    [
        "",
        "fourteen chars",
        "v" * 15,
        "abababababababab",
        "PasswordPassword",
        "password-password-1",
        "Password123456789",
        "p@ssw0rd12345678",
        "123456789012345",
        "098765432109876",
        "qwertyuiopasdfgh",
        "QWERTYUIOP12345678",
        "1qaz2wsx3edc4rfv",
        "correct horse battery staple",
        "letmeinletmein123",
        "iloveyou-iloveyou",
        "violet kettle " * 72,
        "ncc1701mustang1969",
        "Liverpool-Chelsea",
        "2024 steelers cowboys 2025",
        "9876543210 asdfghjkl",
    ],
)
def test_a_short_huge_or_guessable_password_is_refused(password: str) -> None:
    with pytest.raises(Invalid, match="password: ") as raised:
        acceptable_password(password)
    assert not password or password not in str(raised.value)


@pytest.mark.parametrize(
    "password", ["adalovelace1234", "AdaLovelaceAdaLovelace", "ada.lovelace@example.org"]
)
def test_a_password_made_of_the_persons_own_name_is_refused(password: str) -> None:
    with pytest.raises(Invalid, match="too easy"):
        acceptable_password(password, "ada.lovelace@example.org", "Ada Lovelace")


def test_spellings_that_look_alike_are_one_password() -> None:
    composed, decomposed, wide = (
        "caf\u00e9 violet kettle",
        "cafe\u0301 violet kettle",
        "\uff43af\u00e9 violet kettle",
    )
    assert acceptable_password(composed) == acceptable_password(decomposed) == acceptable_password(wide)


def test_the_list_of_common_passwords_is_long_and_sound() -> None:
    common = common_passwords()
    assert len(common) > 25_000
    assert all(word == letters_of(word) and len(word) >= 4 for word in common)
    assert {"password", "trustno1", "1qaz2wsx", "letmein"} <= common
    assert common_passwords_path().stat().st_size < 200_000


def test_most_passwords_of_the_list_are_refused_twice_on_end() -> None:
    words = sorted(word for word in common_passwords() if 8 <= len(word) <= 20)
    for one, other in zip(words[::400], words[200::400], strict=False):
        assert is_guessable(f"{one} {other}"), (one, other)


def test_the_list_is_read_only_where_a_password_is_set() -> None:
    code = (
        "from pyairtable_common.domain import passwords\n"
        "import pyairtable_common.application.sessions\n"
        "assert passwords.common_passwords.cache_info().currsize == 0\n"
        "passwords.acceptable_password('violet kettle under seven moons')\n"
        "assert passwords.common_passwords.cache_info().currsize == 1\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})
