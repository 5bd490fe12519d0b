"""Which passwords are taken, and how they are kept (T22)."""

import pytest

from pyairtable_common.domain.errors import Invalid
from pyairtable_common.domain.passwords import acceptable_password, normalised_password
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
