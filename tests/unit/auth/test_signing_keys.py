"""The keys that sign access tokens: made once, kept private, and never guessed at."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socket import socket

import pytest
from moto import mock_aws

from pyairtable_common.config import MissingSetting
from pyairtable_common.engines.aws import LOCAL_CREDENTIALS, make_client
from pyairtable_common.engines.security.signing_keys import (
    KeyState,
    KeysUnavailable,
    SigningKeys,
    load_or_make_keys,
    load_secret_keys,
    make_key,
    make_keys,
    parse_keys,
)


def test_keys_are_made_once(tmp_path: Path) -> None:
    path = tmp_path / "data" / "keys.json"
    assert load_or_make_keys(path).document() == load_or_make_keys(path).document()


def test_only_the_owner_may_read_the_keys(tmp_path: Path) -> None:
    load_or_make_keys(tmp_path / "keys.json")
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]


def test_those_who_make_keys_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(load_or_make_keys, [tmp_path / "keys.json"] * 16))
    assert len({keys.current.id for keys in made}) == 1


def test_a_document_is_read_back_whole() -> None:
    keys = make_keys()
    assert parse_keys(json.dumps(keys.document()), "the test").document() == keys.document()


def test_a_public_document_holds_no_private_half() -> None:
    keys = make_keys()
    public = parse_keys(json.dumps(keys.public_document()), "the test")
    assert public.public_set() == keys.public_set()
    assert public.current.d is None


def test_a_thumbprint_is_the_one_that_rfc_8037_gives() -> None:
    document = {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        "alg": "EdDSA",
        "state": "current",
    }
    assert parse_keys(json.dumps({"keys": [document]}), "the test").current.id == document["kid"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"keys":[]}',
        '{"keys":[1]}',
        '{"keys":[{"kty":"RSA","alg":"EdDSA"}]}',
        '{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","state":"current","x":"short"}]}',
    ],
)
def test_a_document_without_keys_stops_with_a_message_that_names_its_source(text: str) -> None:
    with pytest.raises(MissingSetting, match="secret the-keys"):
        parse_keys(text, "secret the-keys")


@pytest.mark.parametrize(
    "states", [[KeyState.NEXT], [KeyState.CURRENT, KeyState.CURRENT], [KeyState.RETIRED]]
)
def test_a_set_has_exactly_one_current_key(states: list[KeyState]) -> None:
    with pytest.raises(MissingSetting, match="must be one"):
        SigningKeys([make_key(state) for state in states])


def test_a_key_under_a_foreign_id_is_refused() -> None:
    swapped = json.loads(json.dumps(make_keys().document()))
    first, second = swapped["keys"]
    first["kid"], second["kid"] = second["kid"], first["kid"]
    with pytest.raises(MissingSetting, match="another key's id"):
        parse_keys(json.dumps(swapped), "the test")


def test_keys_are_read_from_a_secret() -> None:
    keys = make_keys()
    with mock_aws():
        client = make_client("secretsmanager", region="us-east-1", credentials=LOCAL_CREDENTIALS)
        client.create_secret(Name="the-keys", SecretString=json.dumps(keys.document()))
        client.create_secret(Name="empty", SecretString='{"keys":[]}')
        client.close()
        assert load_secret_keys("the-keys", "us-east-1").document() == keys.document()
        with pytest.raises(MissingSetting, match="secret empty holds no signing keys"):
            load_secret_keys("empty", "us-east-1")
        with pytest.raises(MissingSetting, match="no secret another"):
            load_secret_keys("another", "us-east-1")


def test_a_secret_that_cannot_be_reached_is_not_a_missing_one() -> None:
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(KeysUnavailable):
            load_secret_keys("the-keys", "us-east-1", closed)


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(MissingSetting, match="PYAIRTABLE_SIGNING_KEYS_SECRET"):
        load_secret_keys("", "us-east-1")
