"""Mailed links and passwords over the wire."""

from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.web.native import require_only, text_of


def email_of(body: JSONObject) -> str:
    return text_of(require_only(body, "email"), "email")


def token_of(body: JSONObject) -> str:
    return text_of(require_only(body, "token"), "token")


def reset_of(body: JSONObject) -> tuple[str, str]:
    """The link's token and the new password."""
    require_only(body, "token", "password")
    return text_of(body, "token"), text_of(body, "password")


def change_of(body: JSONObject) -> tuple[str, str]:
    """The old password and the new one."""
    require_only(body, "oldPassword", "password")
    return text_of(body, "oldPassword"), text_of(body, "password")
