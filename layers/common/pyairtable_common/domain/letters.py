"""Every letter that goes out by mail: its subject, its plain text and its HTML.

A letter quotes nothing that somebody else may have typed: whoever signs up with
another person's address gets no words of theirs into that person's mailbox.
"""

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    text: str
    html: str


def verification_letter(public_url: str, token: str) -> Letter:
    """To an address that somebody signed up with."""
    return _compose(
        "Confirm your e-mail address",
        (
            "Welcome to PyAirtable! One click and your account is ready:",
            _Button("Confirm my address", _address(public_url, "verify-email", token)),
            "The link works once, for 24 hours.",
            "If you did not sign up, please do not follow it: without it, nothing happens.",
        ),
    )


def invite_letter(public_url: str, token: str) -> Letter:
    """To an address that somebody invited to their workspace."""
    return _compose(
        "You are invited",
        (
            "Somebody invited you to work with them in their workspace on PyAirtable.",
            _Button("See the invitation", _address(public_url, "invites", token)),
            "The link works once, for seven days, with an account that has this e-mail address.",
            "If you do not know what this is about, there is nothing to do.",
        ),
    )


def address_taken_letter(public_url: str) -> Letter:
    """To the owner of an account whose address somebody signed up with again."""
    return _compose(
        "You have an account already",
        (
            "Somebody, probably you, tried to sign up to PyAirtable with this e-mail address.",
            "It has an account already, so no other was made.",
            _Button("Sign in", f"{public_url}/login"),
            _Button("I forgot my password", f"{public_url}/password/forgot"),
            "If it was not you, there is nothing to do: nobody got into your account.",
        ),
    )


def password_reset_letter(public_url: str, token: str) -> Letter:
    """To somebody who forgot their password."""
    return _compose(
        "Choose a new password",
        (
            "Somebody, hopefully you, asked for a new password for your PyAirtable account.",
            _Button("Choose a new password", _address(public_url, "password/reset", token)),
            "The link works once, for one hour. You will be signed out everywhere.",
            "If you did not ask for it, there is nothing to do: your password stays as it is.",
        ),
    )


def password_changed_letter(public_url: str) -> Letter:
    """To somebody whose password is another one now."""
    return _compose(
        "Your password was changed",
        (
            "The password of your PyAirtable account was changed just now.",
            "Other devices were signed out. Your personal access tokens go on working.",
            "If it was you, all is well.",
            "If it was not you, choose another password at once:",
            _Button("I did not do this", f"{public_url}/password/forgot"),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Button:
    label: str
    url: str


def _address(public_url: str, page: str, token: str) -> str:
    """The token stands behind ``#``: browsers send that part to no server and into no log."""
    return f"{public_url}/{page}#token={token}"


def _compose(subject: str, parts: tuple[str | _Button, ...]) -> Letter:
    greeting, farewell = "Hello,", "PyAirtable"
    text = "\n\n".join([greeting, *map(_plain, parts), farewell]) + "\n"
    body = "".join(map(_markup, (greeting, *parts, farewell)))
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(subject)}</title></head>'
        '<body style="margin:0;padding:24px;background:#f4f5f7">'
        '<div style="max-width:480px;margin:0 auto;padding:24px;background:#ffffff;border-radius:8px;'
        f'font:16px/1.5 system-ui,sans-serif;color:#1f2328">{body}</div></body></html>\n'
    )
    return Letter(f"{subject} · PyAirtable", text, html)


def _plain(part: str | _Button) -> str:
    return part if isinstance(part, str) else f"{part.label}:\n{part.url}"


def _markup(part: str | _Button) -> str:
    if isinstance(part, str):
        return f"<p>{escape(part)}</p>"
    style = (
        "display:inline-block;padding:10px 18px;background:#1f5fd0;color:#ffffff;"
        "text-decoration:none;border-radius:6px"
    )
    return f'<p><a href="{escape(part.url)}" style="{style}">{escape(part.label)}</a></p>'
