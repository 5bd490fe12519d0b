"""The text of a personal access token: a typo is refused before anything is read (T6)."""

import subprocess
import sys
from pathlib import Path
from random import Random
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyairtable_common.application.authentication import authenticate, read_credential
from pyairtable_common.domain.credentials import compose_personal_token, digest, parse_personal_token
from pyairtable_common.domain.errors import NotAuthenticated
from pyairtable_common.domain.ids import TOKEN, USER, RandomIds
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories.scoped import OutOfScope, ScopedStore
from world import World

IDS = RandomIds(lambda: 0, Random(7).randrange)


@pytest.fixture
def unreadable(tmp_path: Path) -> World:
    """An installation in which any read is an ``OutOfScope``."""
    return World(tmp_path, store=ScopedStore(SqliteStore(":memory:"), []))


@given(st.integers(min_value=0))
def test_a_token_names_itself_and_its_owner(seed: int) -> None:
    random = Random(seed)
    ids = RandomIds(lambda: 0, random.randrange)
    token_id, user_id = ids.new(TOKEN), ids.new(USER)
    text = compose_personal_token(token_id, user_id, random.randrange)
    assert parse_personal_token(text) == (token_id, user_id)
    assert len(text) == 17 + 1 + 64


def test_every_change_of_one_character_is_refused_without_a_read(unreadable: World) -> None:
    text = compose_personal_token(IDS.new(TOKEN), IDS.new(USER), Random(1).randrange)
    assert read_credential(unreadable.services, f"Bearer {text}").digest == digest(text)
    mutants = [
        text[:place] + character + text[place + 1 :]
        for place in range(len(text))
        for character in ascii_letters + digits + ".-_"
        if character != text[place]
    ]
    assert len(mutants) > 5000
    for mutant in mutants:
        with pytest.raises(NotAuthenticated):
            read_credential(unreadable.services, f"Bearer {mutant}")


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "bearer pat.", "Bearer pat\x00.x", "Token x"],
)
def test_what_is_no_credential_is_refused_without_a_read(unreadable: World, header: str | None) -> None:
    with pytest.raises(NotAuthenticated):
        read_credential(unreadable.services, header)


def test_a_whole_token_is_read_of(unreadable: World) -> None:
    text = compose_personal_token(IDS.new(TOKEN), IDS.new(USER), Random(1).randrange)
    with pytest.raises(OutOfScope):
        authenticate(unreadable.services, f"Bearer {text}")


def test_a_request_with_a_personal_token_loads_no_cryptography() -> None:
    code = (
        "import sys\n"
        "import pyairtable_common.bootstrap\n"
        "from pyairtable_common.application.authentication import _personal_token\n"
        "from pyairtable_common.domain.credentials import compose_personal_token\n"
        "_personal_token(compose_personal_token('pat' + 'A' * 14, 'usr' + 'A' * 14, lambda bound: 1))\n"
        "print(sorted({'jwt', 'cryptography', 'argon2'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout == "[]\n"
