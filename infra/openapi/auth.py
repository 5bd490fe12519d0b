"""The auth service's wire shapes: see ``auth_api.wire`` and its neighbours."""

from openapi.shapes import (
    FLAG,
    MOMENT,
    TEXT,
    TITLE,
    TRUE,
    Operation,
    Operations,
    Properties,
    Schema,
    Service,
    array,
    closed,
    deleted,
    identifier,
    nullable,
    ref,
    words,
)
from pyairtable_common.application.personal_tokens import MOST_PER_PAGE
from pyairtable_common.domain import errors
from pyairtable_common.domain.permissions import Role, Scope

EMAIL: Schema = {
    "type": "string",
    "maxLength": 1000,
    "pattern": r"^\s*[^@\s]+@[^@\s.]+(\.[^@\s.]+)+\s*$",
    "description": "At most 254 bytes without surrounding space.",
}
NEW_PASSWORD: Schema = {
    "type": "string",
    "minLength": 15,
    "maxLength": 1000,
    "description": "15 characters of any kind (NFKC), at most 1000 bytes, and not one that is guessed first.",
}
_TOKENS: Properties = {
    "accessToken": TEXT,
    "refreshToken": TEXT,
    "tokenType": {"const": "Bearer"},
    "expiresIn": {"type": "integer", "minimum": 1},
}
_ACCOUNT = closed({"id": identifier("usr"), "email": TEXT, "name": TEXT})
_ROLE = words(*(role.word for role in Role))
_MESSAGE = closed({"message": TEXT})
_CHANGED = closed({"changed": TRUE})

_SCOPES = array(words(*(scope.value for scope in Scope)), minItems=1, uniqueItems=True)
_RESOURCES: Schema = {
    "anyOf": [{"const": "all"}, array(TEXT, minItems=1, uniqueItems=True)],
    "description": "Ids of workspaces and bases that one can reach.",
}
_EXPIRES = nullable({"type": "string", "description": "An ISO 8601 time with its zone, in the future."})
_PERSONAL_TOKEN: Properties = {
    "id": identifier("pat"),
    "name": TEXT,
    "scopes": _SCOPES,
    "resources": {"anyOf": [{"const": "all"}, array(identifier("app", "wsp"))]},
    "createdTime": MOMENT,
    "expiresTime": nullable(MOMENT),
    "lastUsedTime": nullable(MOMENT),
}

_SCHEMAS: Properties = {
    "Tokens": closed(_TOKENS),
    "SignedIn": closed({"user": _ACCOUNT, **_TOKENS}),
    "Registered": closed(
        {"user": _ACCOUNT, **_TOKENS, "workspace": closed({"id": identifier("wsp"), "name": TEXT})},
        {"joined": closed({"workspaceId": identifier("wsp"), "role": _ROLE})},
    ),
    "Session": closed(
        {
            "id": identifier("ses"),
            "device": TEXT,
            "address": TEXT,
            "createdTime": MOMENT,
            "lastUsedTime": MOMENT,
            "expiresTime": MOMENT,
            "current": FLAG,
        }
    ),
    "Me": closed(
        {"id": identifier("usr"), "name": TEXT},
        {
            "email": TEXT,
            "workspaces": array(closed({"id": identifier("wsp"), "name": TEXT, "role": _ROLE})),
        },
    ),
    "PersonalToken": closed(_PERSONAL_TOKEN),
    "IssuedToken": closed(
        {**_PERSONAL_TOKEN, "token": {"type": "string", "description": "Shown this once."}}
    ),
    "Introspection": {
        "anyOf": [
            closed({"active": {"const": False}}),
            closed(
                {
                    "active": TRUE,
                    "scope": TEXT,
                    "client_id": TEXT,
                    "token_type": {"const": "Bearer"},
                    "sub": identifier("usr"),
                    "iat": {"type": "integer"},
                    "jti": TEXT,
                },
                {"exp": {"type": "integer"}, "resources": array(TEXT)},
            ),
        ]
    },
    "PublicKeys": closed(
        {
            "keys": array(
                closed(
                    {
                        "kty": {"const": "OKP"},
                        "crv": {"const": "Ed25519"},
                        "x": TEXT,
                        "kid": TEXT,
                        "alg": {"const": "EdDSA"},
                        "use": {"const": "sig"},
                    }
                ),
                minItems=1,
            )
        }
    ),
}

_OPERATIONS: Operations = {
    ("POST", "/v1/auth/register"): Operation(
        "Make an account and its first workspace, signed in; or begin to, where addresses are verified",
        {201: ref("Registered"), 202: _MESSAGE},
        body=closed({"email": EMAIL, "password": NEW_PASSWORD, "name": TITLE}, {"inviteToken": TEXT}),
        errors=[errors.EmailTaken, errors.InvalidLink],
        idempotent=True,
    ),
    ("POST", "/v1/auth/login"): Operation(
        "Begin a session",
        {200: ref("SignedIn")},
        body=closed({"email": TEXT, "password": TEXT}, {"code": TEXT}),
        errors=[errors.InvalidCredentials, errors.SecondFactorRequired, errors.InvalidCode],
    ),
    ("POST", "/v1/auth/refresh"): Operation(
        "Change a refresh token for the next one and an access token",
        {200: ref("Tokens")},
        body=closed({"refreshToken": TEXT}),
        errors=[errors.InvalidRefreshToken],
    ),
    ("POST", "/v1/auth/logout"): Operation("End this session", {200: deleted("ses")}),
    ("POST", "/v1/auth/logout-all"): Operation("End all one's sessions", {200: closed({"deleted": TRUE})}),
    ("GET", "/v1/auth/sessions"): Operation(
        "List one's sessions", {200: closed({"sessions": array(ref("Session"))})}
    ),
    ("DELETE", "/v1/auth/sessions/{session}"): Operation("End one session", {200: deleted("ses")}),
    ("POST", "/v1/auth/verify-email"): Operation(
        "Follow the link of a letter that verifies an address",
        {200: closed({"verified": TRUE})},
        body=closed({"token": TEXT}),
        errors=[errors.InvalidLink],
    ),
    ("POST", "/v1/auth/verify-email/resend"): Operation(
        "Ask for that letter again", {202: _MESSAGE}, body=closed({"email": EMAIL})
    ),
    ("POST", "/v1/auth/password/forgot"): Operation(
        "Ask for a letter to set a new password with", {202: _MESSAGE}, body=closed({"email": EMAIL})
    ),
    ("POST", "/v1/auth/password/reset"): Operation(
        "Set a new password by the link of a letter; every session ends",
        {200: _CHANGED},
        body=closed({"token": TEXT, "password": NEW_PASSWORD}),
        errors=[errors.InvalidLink],
    ),
    ("POST", "/v1/auth/password/change"): Operation(
        "Set a new password; every other session ends",
        {200: _CHANGED},
        body=closed({"oldPassword": TEXT, "password": NEW_PASSWORD}),
        errors=[errors.InvalidLink],
        idempotent=True,
    ),
    ("GET", "/.well-known/jwks.json"): Operation(
        "The public keys that access tokens are verified with (RFC 7517)", {200: ref("PublicKeys")}
    ),
    ("GET", "/v1/auth/me"): Operation("Who is asking, as far as the token's scopes tell", {200: ref("Me")}),
}

_TOKENS_OPERATIONS: Operations = {
    ("GET", "/v1/auth/tokens"): Operation(
        "List one's personal access tokens",
        {200: closed({"tokens": array(ref("PersonalToken"))}, {"cursor": TEXT})},
        query={
            "pageSize": {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE, "default": MOST_PER_PAGE},
            "cursor": TEXT,
        },
        errors=[errors.Invalid],
    ),
    ("POST", "/v1/auth/tokens"): Operation(
        "Make a personal access token; its text is shown this once",
        {201: ref("IssuedToken")},
        body=closed({"name": TITLE, "scopes": _SCOPES}, {"resources": _RESOURCES, "expiresTime": _EXPIRES}),
        errors=[errors.Conflict],
        idempotent=True,
    ),
    ("GET", "/v1/auth/tokens/{token}"): Operation("One of them", {200: ref("PersonalToken")}),
    ("PATCH", "/v1/auth/tokens/{token}"): Operation(
        "Change what it may do, from the next request on",
        {200: ref("PersonalToken")},
        body=closed(
            {},
            {"name": TITLE, "scopes": _SCOPES, "resources": _RESOURCES, "expiresTime": _EXPIRES},
        ),
    ),
    ("DELETE", "/v1/auth/tokens/{token}"): Operation(
        "Delete it: it is refused from the next request on", {200: deleted("pat")}
    ),
    ("POST", "/v1/auth/tokens/{token}/regenerate"): Operation(
        "Give it a new text; the old one is refused from the next request on",
        {200: ref("IssuedToken")},
        errors=[errors.Conflict],
        idempotent=True,
    ),
    ("POST", "/v1/auth/introspect"): Operation(
        "What a token of one's own is worth (RFC 7662)",
        {200: ref("Introspection")},
        body=closed({"token": TEXT}, {"token_type_hint": TEXT}),
    ),
}

_PROOF: Schema = {
    "anyOf": [closed({"password": TEXT}), closed({"code": TEXT})],
}
_RECOVERY_CODES = closed({"recoveryCodes": array(TEXT, minItems=1)})
_PROOF_ERRORS = [errors.InvalidCredentials, errors.InvalidCode, errors.Conflict]
_MFA_OPERATIONS: Operations = {
    ("POST", "/v1/auth/mfa/totp"): Operation(
        "A secret for an authenticator (RFC 6238), shown this once; it counts when it is confirmed",
        {201: closed({"secret": TEXT, "uri": TEXT})},
        body=closed({"password": TEXT}),
        errors=[errors.InvalidCredentials, errors.Conflict],
    ),
    ("POST", "/v1/auth/mfa/totp/confirm"): Operation(
        "Turn the second factor on by a code; the recovery codes are shown this once",
        {200: _RECOVERY_CODES},
        body=closed({"code": TEXT}),
        errors=[errors.InvalidCode, errors.Conflict],
        idempotent=True,
    ),
    ("DELETE", "/v1/auth/mfa/totp"): Operation(
        "Turn it off", {200: closed({"deleted": TRUE})}, body=_PROOF, errors=_PROOF_ERRORS
    ),
    ("POST", "/v1/auth/mfa/recovery-codes"): Operation(
        "New recovery codes in the place of the old",
        {200: _RECOVERY_CODES},
        body=_PROOF,
        errors=_PROOF_ERRORS,
        idempotent=True,
    ),
}

SERVICE = Service({**_OPERATIONS, **_TOKENS_OPERATIONS, **_MFA_OPERATIONS}, _SCHEMAS)
