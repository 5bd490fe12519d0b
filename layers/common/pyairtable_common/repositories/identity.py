"""Accounts and credentials in the store."""

from pyairtable_common.domain.credentials import Credentials, Origin, PersonalToken, Session
from pyairtable_common.domain.jsonvalue import JSONObject, is_array
from pyairtable_common.domain.permissions import scopes_of_words
from pyairtable_common.domain.users import Registration, User, email_digest
from pyairtable_common.repositories import codec, keys
from pyairtable_common.repositories.documents import integer, optional_integer, optional_text, text
from pyairtable_common.repositories.ports import Item


def user_of(item: Item) -> User:
    raw = codec.decode(item.data)
    return User(item.key.owner, text(raw, "email"), text(raw, "name"), integer(raw, "created"))


def user_item(user: User, version: int = 1) -> Item:
    data = codec.encode({"email": user.email, "name": user.name, "created": user.created_ms})
    return Item(keys.user(user.id), version, data)


def credentials_of(item: Item) -> Credentials:
    raw = codec.decode(item.data)
    return Credentials(
        text(raw, "password"),
        optional_integer(raw, "verified"),
        optional_integer(raw, "suspended"),
        optional_integer(raw, "changed"),
        optional_text(raw, "changedBy"),
    )


def credentials_item(user_id: str, credentials: Credentials, version: int = 1) -> Item:
    data = codec.encode(
        {
            "password": credentials.password_hash,
            "verified": credentials.verified_ms,
            "suspended": credentials.suspended_ms,
            "changed": credentials.changed_ms,
            "changedBy": credentials.changed_by,
        }
    )
    return Item(keys.credentials(user_id), version, data)


def registration_of(item: Item) -> Registration:
    """Whom an e-mail address belongs to, and since which operation."""
    raw = codec.decode(item.data)
    return Registration(text(raw, "user"), text(raw, "workspace"), text(raw, "operation"))


def email_item(address: str, registration: Registration, version: int = 1) -> Item:
    data = codec.encode(
        {
            "user": registration.user_id,
            "workspace": registration.workspace_id,
            "operation": registration.operation_id,
        }
    )
    return Item(keys.email(email_digest(address)), version, data)


def session_of(item: Item) -> Session:
    raw = codec.decode(item.data)
    return Session(
        id=item.key.sk.removeprefix(keys.SESSIONS),
        user_id=item.key.owner,
        created_ms=integer(raw, "created"),
        expires_ms=integer(raw, "expires"),
        used_ms=integer(raw, "used"),
        key=text(raw, "key"),
        digest=text(raw, "digest"),
        counter=integer(raw, "counter"),
        origin=Origin(text(raw, "device"), text(raw, "address")),
    )


def session_item(session: Session, version: int = 1) -> Item:
    data = codec.encode(
        {
            "created": session.created_ms,
            "expires": session.expires_ms,
            "used": session.used_ms,
            "key": session.key,
            "digest": session.digest,
            "counter": session.counter,
            "device": session.origin.device,
            "address": session.origin.address,
        }
    )
    return Item(keys.session(session.user_id, session.id), version, data, session.ends_ms // 1000)


def personal_token_of(item: Item) -> PersonalToken:
    raw = codec.decode(item.data)
    return PersonalToken(
        id=item.key.sk.removeprefix(keys.PERSONAL_TOKENS),
        user_id=item.key.owner,
        name=text(raw, "name"),
        digest=text(raw, "digest"),
        scopes=scopes_of_words(_words(raw, "scopes") or []),
        resources=_resources(raw),
        created_ms=integer(raw, "created"),
        expires_ms=None if raw.get("expires") is None else integer(raw, "expires"),
    )


def personal_token_item(token: PersonalToken, version: int = 1) -> Item:
    data = codec.encode(
        {
            "name": token.name,
            "digest": token.digest,
            "scopes": sorted(scope.value for scope in token.scopes),
            "resources": None if token.resources is None else sorted(token.resources),
            "created": token.created_ms,
            "expires": token.expires_ms,
        }
    )
    return Item(keys.personal_token(token.user_id, token.id), version, data)


def _resources(raw: JSONObject) -> frozenset[str] | None:
    words = _words(raw, "resources")
    return None if words is None else frozenset(words)


def _words(raw: JSONObject, name: str) -> list[str] | None:
    value = raw[name]
    if value is None:
        return None
    if not is_array(value):
        raise codec.UnknownForm(f"{name} is not an array")
    return [str(word) for word in value]
