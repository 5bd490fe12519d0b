"""Mailed links in the store."""

from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.links import Link, PendingAccount
from pyairtable_common.repositories import codec
from pyairtable_common.repositories.documents import integer, mapping, optional_text, text
from pyairtable_common.repositories.ports import Item, Key


def link_of(item: Item) -> Link:
    return _link(codec.decode(item.data))


def link_item(key: Key, link: Link, version: int = 1) -> Item:
    return Item(key, version, codec.encode(_link_json(link)), link.expires_ms // 1000)


def pending_account_of(item: Item) -> PendingAccount:
    raw = codec.decode(item.data)
    account = mapping(raw, "account")
    return PendingAccount(
        _link(raw), text(account, "email"), text(account, "name"), text(account, "password")
    )


def pending_account_item(key: Key, pending: PendingAccount, version: int = 1) -> Item:
    account = {"email": pending.email, "name": pending.name, "password": pending.password_hash}
    data = codec.encode({**_link_json(pending.link), "account": account})
    return Item(key, version, data, pending.link.expires_ms // 1000)


def _link(raw: JSONObject) -> Link:
    return Link(optional_text(raw, "digest"), integer(raw, "expires"))


def _link_json(link: Link) -> JSONObject:
    return {"digest": link.digest, "expires": link.expires_ms}
