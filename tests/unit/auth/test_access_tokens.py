"""Access tokens: what we issue is taken, and nothing else is (RFC 8725, ASVS V9, T6)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from string import ascii_letters, digits

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pyairtable_common.config import MissingSetting
from pyairtable_common.domain.credentials import AccessClaims
from pyairtable_common.engines.security.access_tokens import AUDIENCE, LIFETIME_SECONDS, JwtAccessTokens
from pyairtable_common.engines.security.signing_keys import (
    KeyState,
    KeysUnavailable,
    SigningKey,
    SigningKeys,
    make_key,
    make_keys,
    parse_keys,
)
from pyairtable_common.repositories.documents import objects

NOW_MS = 1_780_000_000_000
NOW = NOW_MS // 1000
ISSUER = "https://pyairtable.test"
CLAIMS = AccessClaims("usrAAAAAAAAAAAAAA", "sesBBBBBBBBBBBBBB")
KEYS = make_keys()
OTHERS = make_keys()
TOKENS = JwtAccessTokens(lambda: KEYS, ISSUER)

HEADER: Mapping[str, object] = {"typ": "at+jwt", "alg": "EdDSA", "kid": KEYS.current.id}
PAYLOAD: Mapping[str, object] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": CLAIMS.user_id,
    "sid": CLAIMS.session_id,
    "iat": NOW,
    "exp": NOW + LIFETIME_SECONDS,
    "jti": "A" * 22,
}
Sign = Callable[[bytes], bytes]


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def by(key: SigningKey) -> Sign:
    return key.private_key().sign


def composed(header: object, payload: object, sign: Sign) -> str:
    """A token of any content, signed however."""
    texts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    body = ".".join(map(encoded, texts))
    return f"{body}.{encoded(sign(body.encode()))}"


def with_header(**changes: object) -> str:
    return composed({**HEADER, **changes}, PAYLOAD, by(KEYS.current))


def with_claims(**changes: object) -> str:
    return composed(HEADER, {**PAYLOAD, **changes}, by(KEYS.current))


def without(name: str) -> str:
    header = {key: value for key, value in HEADER.items() if key != name}
    payload = {key: value for key, value in PAYLOAD.items() if key != name}
    return composed(header, payload, by(KEYS.current))


def hmac_of(secret: bytes) -> Sign:
    return lambda body: hmac.new(secret, body, hashlib.sha256).digest()


PUBLIC = KEYS.current.public_key()
PUBLIC_PEM = PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
PUBLIC_DER = PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
NEXT_ID = next(str(key["kid"]) for key in objects(KEYS.public_set(), "keys") if key["kid"] != KEYS.current.id)
STRANGER = Ed25519PrivateKey.generate()
STRANGER_JWK = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": encoded(STRANGER.public_key().public_bytes_raw()),
}
GOOD = composed(HEADER, PAYLOAD, by(KEYS.current))
GOOD_HEADER, GOOD_PAYLOAD, GOOD_SIGNATURE = GOOD.split(".")

FORGED: Mapping[str, str] = {
    "empty": "",
    "one part": "abc",
    "two parts": f"{GOOD_HEADER}.{GOOD_PAYLOAD}",
    "four parts": f"{GOOD}.x",
    "empty signature": f"{GOOD_HEADER}.{GOOD_PAYLOAD}.",
    "empty payload": f"{GOOD_HEADER}..{GOOD_SIGNATURE}",
    "padding": f"{GOOD}==",
    "a space before": f" {GOOD}",
    "a line break after": f"{GOOD}\n",
    "not ASCII": GOOD.replace("A", "\N{CYRILLIC CAPITAL LETTER A}", 1),
    "a signature in the other base64": f"{GOOD_HEADER}.{GOOD_PAYLOAD}.{GOOD_SIGNATURE[:-2]}+/",
    "a JWE of five parts": f"{GOOD}.a.b",
    "JSON serialization": json.dumps({"payload": GOOD_PAYLOAD, "signature": GOOD_SIGNATURE}),
    "very long": f"{GOOD_HEADER}.{'A' * 100_000}.{GOOD_SIGNATURE}",
    "deeply nested header": composed(b"[" * 900 + b"]" * 900, PAYLOAD, by(KEYS.current)),
    "header not JSON": composed(b"{", PAYLOAD, by(KEYS.current)),
    "header an array": composed([], PAYLOAD, by(KEYS.current)),
    "header null": composed(None, PAYLOAD, by(KEYS.current)),
    "header not UTF-8": composed(b'{"typ":"\xff"}', PAYLOAD, by(KEYS.current)),
    "header with a name twice": composed(
        f'{{"alg":"none","typ":"at+jwt","alg":"EdDSA","kid":"{KEYS.current.id}"}}'.encode(),
        PAYLOAD,
        by(KEYS.current),
    ),
    "alg none": composed({**HEADER, "alg": "none"}, PAYLOAD, lambda _: b""),
    "alg none, signed": with_header(alg="none"),
    "alg None in capitals": with_header(alg="NONE"),
    "alg in small letters": with_header(alg="eddsa"),
    "alg a number": with_header(alg=1),
    "alg null": with_header(alg=None),
    "alg an array": with_header(alg=["EdDSA"]),
    "alg ES256": with_header(alg="ES256"),
    "alg HS256 over the public key, PEM": composed({**HEADER, "alg": "HS256"}, PAYLOAD, hmac_of(PUBLIC_PEM)),
    "alg HS256 over the public key, DER": composed({**HEADER, "alg": "HS256"}, PAYLOAD, hmac_of(PUBLIC_DER)),
    "alg HS256 over the public key, raw": composed(
        {**HEADER, "alg": "HS256"}, PAYLOAD, hmac_of(PUBLIC.public_bytes_raw())
    ),
    "alg HS256 over nothing": composed({**HEADER, "alg": "HS256"}, PAYLOAD, hmac_of(b"")),
    "alg missing": without("alg"),
    "kid missing": without("kid"),
    "kid unknown": with_header(kid="A" * 43),
    "kid empty": with_header(kid=""),
    "kid of another key of ours": with_header(kid=NEXT_ID),
    "kid a path": with_header(kid="../../../dev/null"),
    "kid SQL": with_header(kid="' OR '1'='1"),
    "kid a number": with_header(kid=0),
    "kid an object": with_header(kid={}),
    "kid null": with_header(kid=None),
    "typ missing": without("typ"),
    "typ JWT": with_header(typ="JWT"),
    "typ of a refresh token": with_header(typ="rt+jwt"),
    "typ with its media type": with_header(typ="application/at+jwt"),
    "typ in capitals": with_header(typ="AT+JWT"),
    "crit": with_header(crit=["exp"]),
    "crit empty": with_header(crit=[]),
    "b64": with_header(b64=False, crit=["b64"]),
    "jku": with_header(jku="https://attacker.test/jwks.json"),
    "x5u": with_header(x5u="https://attacker.test/key.pem"),
    "x5c": with_header(x5c=["MIIB"]),
    "cty": with_header(cty="JWT"),
    "zip": with_header(zip="DEF"),
    "a key brought along": composed({**HEADER, "jwk": STRANGER_JWK}, PAYLOAD, STRANGER.sign),
    "signed by a stranger": composed(HEADER, PAYLOAD, STRANGER.sign),
    "signed by another installation": composed(
        {**HEADER, "kid": OTHERS.current.id}, PAYLOAD, by(OTHERS.current)
    ),
    "signature of another content": f"{GOOD_HEADER}.{GOOD_PAYLOAD[:-4]}AAAA.{GOOD_SIGNATURE}",
    "signature of zeros": f"{GOOD_HEADER}.{GOOD_PAYLOAD}.{'A' * 86}",
    "signature too short": f"{GOOD_HEADER}.{GOOD_PAYLOAD}.{GOOD_SIGNATURE[:-4]}",
    "payload not JSON": composed(HEADER, b"{", by(KEYS.current)),
    "payload an array": composed(HEADER, [PAYLOAD], by(KEYS.current)),
    "payload text": composed(HEADER, "x", by(KEYS.current)),
    "iss missing": without("iss"),
    "iss another": with_claims(iss="https://attacker.test"),
    "iss with a slash": with_claims(iss=f"{ISSUER}/"),
    "iss an array": with_claims(iss=[ISSUER]),
    "aud missing": without("aud"),
    "aud another": with_claims(aud="billing"),
    "aud several": with_claims(aud=[AUDIENCE, "billing"]),
    "aud null": with_claims(aud=None),
    "sub missing": without("sub"),
    "sub empty": with_claims(sub=""),
    "sub no user": with_claims(sub="appAAAAAAAAAAAAAA"),
    "sub with a tail": with_claims(sub=f"{CLAIMS.user_id}#x"),
    "sub a number": with_claims(sub=1),
    "sid missing": without("sid"),
    "sid a token": with_claims(sid="patAAAAAAAAAAAAAA"),
    "sid null": with_claims(sid=None),
    "jti missing": without("jti"),
    "jti a number": with_claims(jti=5),
    "iat missing": without("iat"),
    "iat in the future": with_claims(iat=NOW + 60, exp=NOW + 120),
    "iat text": with_claims(iat=str(NOW)),
    "iat true": with_claims(iat=True),
    "iat a float": with_claims(iat=float(NOW)),
    "exp missing": without("exp"),
    "exp now": with_claims(iat=NOW - LIFETIME_SECONDS, exp=NOW),
    "exp past": with_claims(iat=NOW - 1000, exp=NOW - 100),
    "exp before iat": with_claims(exp=NOW - 1),
    "exp text": with_claims(exp=str(NOW + 60)),
    "exp a float": with_claims(exp=NOW + 60.0),
    "exp true": with_claims(exp=True),
    "exp null": with_claims(exp=None),
    "exp huge": with_claims(exp=10**30),
    "exp infinite": composed(HEADER, json.dumps({**PAYLOAD, "exp": float("inf")}).encode(), by(KEYS.current)),
    "exp a second too late": with_claims(exp=NOW + LIFETIME_SECONDS + 1),
    "nbf besides": with_claims(nbf=NOW),
    "a claim besides": with_claims(admin=True),
}


def test_an_issued_token_says_whom_and_which_session_it_is_for() -> None:
    assert TOKENS.verify(TOKENS.issue(CLAIMS, NOW_MS), NOW_MS) == CLAIMS


def test_the_forger_of_these_tests_makes_good_tokens_too() -> None:
    assert TOKENS.verify(GOOD, NOW_MS) == CLAIMS


def test_a_token_lives_fifteen_minutes() -> None:
    token = TOKENS.issue(CLAIMS, NOW_MS)
    assert TOKENS.verify(token, NOW_MS + 15 * 60 * 1000 - 1) == CLAIMS
    assert TOKENS.verify(token, NOW_MS + 15 * 60 * 1000) is None


def test_no_two_tokens_are_the_same() -> None:
    assert TOKENS.issue(CLAIMS, NOW_MS) != TOKENS.issue(CLAIMS, NOW_MS)


def test_there_are_at_least_sixty_forgeries_and_no_two_are_the_same() -> None:
    assert len(FORGED) == len(set(FORGED.values())) >= 60


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_token_is_refused(name: str) -> None:
    assert TOKENS.verify(FORGED[name], NOW_MS) is None


def test_every_change_of_one_character_is_refused() -> None:
    token = TOKENS.issue(CLAIMS, NOW_MS)
    alphabet = ascii_letters + digits + "-_.=+/ "
    taken = [
        (place, character)
        for place in range(len(token))
        for character in alphabet
        if character != token[place]
        and TOKENS.verify(token[:place] + character + token[place + 1 :], NOW_MS) is not None
    ]
    assert taken == []


@pytest.mark.parametrize("state", list(KeyState))
def test_a_key_in_any_state_verifies_what_it_signed(state: KeyState) -> None:
    signed = SigningKeys([KEYS.current])
    token = JwtAccessTokens(lambda: signed, ISSUER).issue(CLAIMS, NOW_MS)
    kept = SigningKey(state, KEYS.current.x, since_ms=NOW_MS)
    keys = [kept] if state is KeyState.CURRENT else [kept, make_key(KeyState.CURRENT)]
    assert JwtAccessTokens(lambda: SigningKeys(keys), ISSUER).verify(token, NOW_MS) == CLAIMS


def test_public_keys_verify_but_cannot_issue() -> None:
    public = parse_keys(json.dumps(KEYS.public_document()), "the test")
    tokens = JwtAccessTokens(lambda: public, ISSUER)
    assert tokens.verify(TOKENS.issue(CLAIMS, NOW_MS), NOW_MS) == CLAIMS
    with pytest.raises(MissingSetting, match="cannot issue"):
        tokens.issue(CLAIMS, NOW_MS)


def test_a_container_learns_of_new_keys_when_it_meets_one() -> None:
    sets = [KEYS, OTHERS]
    loads: list[int] = []

    def load() -> SigningKeys:
        loads.append(len(loads))
        return sets[min(len(loads) - 1, 1)]

    tokens = JwtAccessTokens(load, ISSUER)
    token = JwtAccessTokens(lambda: OTHERS, ISSUER).issue(CLAIMS, NOW_MS + 10_000)
    assert tokens.verify(token, NOW_MS) is None
    assert tokens.verify(token, NOW_MS + 9_999) is None
    assert len(loads) == 1
    assert tokens.verify(token, NOW_MS + 10_000) == CLAIMS
    assert len(loads) == 2


def test_known_keys_serve_while_their_source_is_away() -> None:
    answers: list[SigningKeys] = [KEYS]

    def load() -> SigningKeys:
        if not answers:
            raise KeysUnavailable
        return answers.pop()

    tokens = JwtAccessTokens(load, ISSUER)
    token = tokens.issue(CLAIMS, NOW_MS)
    assert tokens.verify(token, NOW_MS + 600_000) == CLAIMS
    with pytest.raises(KeysUnavailable):
        JwtAccessTokens(load, ISSUER).verify(token, NOW_MS)


def test_the_published_keys_hold_nothing_private() -> None:
    published = json.loads(json.dumps(TOKENS.public_keys(NOW_MS)))
    assert [sorted(key) for key in published["keys"]] == [["alg", "crv", "kid", "kty", "use", "x"]] * 2
    assert KEYS.current.d is not None
    assert KEYS.current.d not in json.dumps(published)
    assert KEYS.current.d not in repr(KEYS.current)
