"""Rotation of signing keys: by its rules, through interruptions, and without a request refused."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy import Refusal
from key_rotation import main, rotate_folder, rotate_secrets
from pyairtable_common.domain.credentials import AccessClaims
from pyairtable_common.engines.security.access_tokens import JwtAccessTokens
from pyairtable_common.engines.security.derived_secrets import HmacSecrets
from pyairtable_common.engines.security.key_rotation import (
    KEPT_MS,
    LIFETIME_MS,
    PUBLISHED_AHEAD_MS,
    TooEarly,
    rotated,
)
from pyairtable_common.engines.security.signing_keys import (
    KeyState,
    SigningKeys,
    load_or_make_keys,
    make_keys,
    parse_keys,
)
from world import ISSUER, FakeClock, World

NOW_MS = 1_780_000_000_000
CLAIMS = AccessClaims("usrAAAAAAAAAAAAAA", "sesBBBBBBBBBBBBBB")
ARNS = {"SigningKeysArn": "private", "VerificationKeysArn": "public"}


class Interrupted(Exception):
    """The command ends here."""


class Secrets:
    """Secrets Manager, as far as it is asked; ``writes_left`` bounds what it still takes."""

    def __init__(self, keys: SigningKeys) -> None:
        self.texts = {"private": json.dumps(keys.document()), "public": json.dumps(keys.public_document())}
        self.writes_left = 1000

    def get_secret_value(self, *, SecretId: str) -> Mapping[str, str]:  # noqa: N803
        return {"SecretString": self.texts[SecretId]}

    def put_secret_value(self, *, SecretId: str, SecretString: str) -> None:  # noqa: N803
        if self.writes_left == 0:
            raise Interrupted
        self.writes_left -= 1
        self.texts[SecretId] = SecretString

    def keys(self, name: str) -> SigningKeys:
        return parse_keys(self.texts[name], name)


def states(keys: SigningKeys) -> list[str]:
    return [key.state.value for key in keys]


def test_a_rotation_moves_every_key_on_by_one_state() -> None:
    first = make_keys()
    second = rotated(first, NOW_MS)
    assert states(second) == ["current", "next", "retired"]
    (successor,) = [key for key in first if key.state is KeyState.NEXT]
    assert second.current.id == successor.id
    retired = second.find(first.current.id)
    assert retired is not None
    assert retired.state is KeyState.RETIRED
    assert second.own_secret == first.own_secret


def test_a_key_does_not_sign_before_everybody_can_know_it() -> None:
    keys = rotated(make_keys(), NOW_MS)
    with pytest.raises(TooEarly) as refused:
        rotated(keys, NOW_MS + PUBLISHED_AHEAD_MS - 1)
    assert refused.value.wait_ms == 1
    assert states(rotated(keys, NOW_MS + PUBLISHED_AHEAD_MS)) == ["current", "next", "retired", "retired"]


def test_a_retired_key_is_dropped_when_its_last_token_has_expired() -> None:
    keys = rotated(rotated(make_keys(), NOW_MS), NOW_MS + KEPT_MS + LIFETIME_MS - 1)
    assert states(keys).count("retired") == 2
    keys = rotated(rotated(make_keys(), NOW_MS), NOW_MS + KEPT_MS + LIFETIME_MS)
    assert states(keys).count("retired") == 1


def test_a_retired_key_verifies_its_last_token_and_not_a_moment_longer() -> None:
    first = make_keys()
    second = rotated(first, NOW_MS)
    signer, verifier = JwtAccessTokens(lambda: first, ISSUER), JwtAccessTokens(lambda: second, ISSUER)
    last = signer.issue(CLAIMS, NOW_MS + KEPT_MS)
    assert verifier.verify(last, NOW_MS + KEPT_MS) == CLAIMS
    assert verifier.verify(last, NOW_MS + KEPT_MS + LIFETIME_MS - 1) == CLAIMS
    assert verifier.verify(last, NOW_MS + KEPT_MS + LIFETIME_MS) is None


def test_whoever_stole_a_retired_key_signs_nothing_with_it() -> None:
    first = make_keys()
    second = rotated(first, NOW_MS)
    thief, verifier = JwtAccessTokens(lambda: first, ISSUER), JwtAccessTokens(lambda: second, ISSUER)
    for later in (KEPT_MS + 1000, LIFETIME_MS, KEPT_MS + LIFETIME_MS, 10 * LIFETIME_MS):
        assert verifier.verify(thief.issue(CLAIMS, NOW_MS + later), NOW_MS + later) is None


def test_a_retired_key_is_published_as_long_as_it_verifies() -> None:
    keys = rotated(make_keys(), NOW_MS)

    def published(now_ms: int) -> int:
        return len(json.loads(json.dumps(JwtAccessTokens(lambda: keys, ISSUER).public_keys(now_ms)))["keys"])

    assert published(NOW_MS + KEPT_MS + LIFETIME_MS - 1) == 3
    assert published(NOW_MS + KEPT_MS + LIFETIME_MS) == 2


def test_the_public_keys_may_be_kept_for_less_time_than_a_key_is_published_ahead(tmp_path: Path) -> None:
    answer = World(tmp_path).call("GET", "/.well-known/jwks.json")
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert PUBLISHED_AHEAD_MS >= 2 * 300 * 1000


@pytest.mark.parametrize("writes", [0, 1])
def test_an_interrupted_rotation_is_completed_by_the_next(writes: int) -> None:
    before = make_keys()
    secrets = Secrets(before)
    secrets.writes_left = writes
    with pytest.raises(Interrupted):
        rotate_secrets(secrets, ARNS, NOW_MS)
    signed = JwtAccessTokens(lambda: secrets.keys("private"), ISSUER).issue(CLAIMS, NOW_MS)
    assert JwtAccessTokens(lambda: secrets.keys("public"), ISSUER).verify(signed, NOW_MS) == CLAIMS
    secrets.writes_left = 1000
    rotate_secrets(secrets, ARNS, NOW_MS + 60_000)
    assert json.loads(secrets.texts["public"]) == secrets.keys("private").public_document()
    with pytest.raises(TooEarly):
        rotate_secrets(secrets, ARNS, NOW_MS + 60_000 + PUBLISHED_AHEAD_MS - 1)
    rotate_secrets(secrets, ARNS, NOW_MS + 60_000 + PUBLISHED_AHEAD_MS)


def test_the_secret_for_those_who_only_verify_holds_nothing_private() -> None:
    secrets = Secrets(make_keys())
    rotate_secrets(secrets, ARNS, NOW_MS)
    for key in secrets.keys("private"):
        assert key.d is not None
        assert key.d not in secrets.texts["public"]
    own_secret = secrets.keys("private").own_secret
    assert own_secret is not None
    assert own_secret not in secrets.texts["public"]


def test_a_data_folders_keys_are_rotated_and_stay_private(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "signing-keys.json"
    first = load_or_make_keys(path)
    main(["--data-dir", str(tmp_path)], NOW_MS)
    second = load_or_make_keys(path)
    assert second.current.id != first.current.id
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    with pytest.raises(SystemExit, match="rotate in 600 s"):
        main(["--data-dir", str(tmp_path)], NOW_MS)
    assert load_or_make_keys(path).document() == second.document()
    printed = capsys.readouterr().out
    assert all(key.d is not None and key.d not in printed for key in [*first, *second])
    with pytest.raises(Refusal, match="no keys"):
        rotate_folder(tmp_path / "elsewhere", NOW_MS)


def test_the_installations_secret_outlives_every_rotation(tmp_path: Path) -> None:
    path = tmp_path / "signing-keys.json"
    before = HmacSecrets(lambda: load_or_make_keys(path)).derive("purpose", "nonce")
    for number in range(3):
        rotate_folder(tmp_path, NOW_MS + number * PUBLISHED_AHEAD_MS)
    assert HmacSecrets(lambda: load_or_make_keys(path)).derive("purpose", "nonce") == before
    assert HmacSecrets(lambda: load_or_make_keys(path)).derive("purpose", "another") != before


@pytest.fixture
def rotating(tmp_path: Path) -> tuple[World, Secrets, list[Any]]:
    """An installation whose keys rotate, and four containers besides that keep what they have loaded."""
    secrets = Secrets(make_keys())
    world = World(tmp_path, clock=FakeClock(NOW_MS))
    signer = JwtAccessTokens(lambda: secrets.keys("private"), ISSUER)
    world.services = replace(world.services, access_tokens=signer)
    return world, secrets, [JwtAccessTokens(lambda: secrets.keys("public"), ISSUER) for _ in range(4)]


def test_no_request_fails_through_six_hours_of_rotations(rotating: tuple[World, Secrets, list[Any]]) -> None:
    """Every 40 seconds four requests; every eleven minutes a rotation; every token used until it expires."""
    world, secrets, containers = rotating
    ada = world.sign_up("Ada")
    claims = world.services.access_tokens.verify(ada.token, world.clock.now_ms())
    assert claims is not None
    tokens, requests, rotations, failed = [(ada.token, NOW_MS)], 0, 0, 0
    with ThreadPoolExecutor(2) as pool:
        for tick in range(6 * 90):
            now = world.clock.now_ms()
            if tick % 17 == 16:
                rotate_secrets(secrets, ARNS, now)
                rotations += 1
            tokens.append((world.services.access_tokens.issue(claims, now), now))
            tokens = [(token, made) for token, made in tokens if now < made + LIFETIME_MS - 1000]
            asked = [tokens[0][0], tokens[-1][0]]
            answers = pool.map(lambda token: world.call("GET", "/v1/auth/me", token=token).status, asked)
            failed += sum(status != 200 for status in answers)
            container = containers[tick % 4] if tick % 5 else containers[0]
            failed += sum(container.verify(token, now) != claims for token, _ in (tokens[0], tokens[-1]))
            requests += 4
            world.clock.sleep(40)
    assert rotations > 30
    assert requests > 2000
    assert failed == 0
