"""What people say of themselves beyond their name: language, time zone, a few words."""

import re
import unicodedata
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from pyairtable_common.domain.errors import Invalid

LONGEST_BIO = 1000
_LOCALE = re.compile(r"([A-Za-z]{2,3})(?:-([A-Za-z]{4}))?(?:-([A-Za-z]{2}|[0-9]{3}))?")
_ZONE = re.compile(r"(?!posix|right|localtime)[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")
_LONGEST_ZONE = 64


@dataclass(frozen=True, slots=True)
class Profile:
    """``None`` is: not said."""

    locale: str | None = None
    time_zone: str | None = None
    bio: str | None = None


def clean_locale(text: str) -> str:
    """Language, script and region of a BCP 47 tag, each in its own case: ``pt-BR``. Raises ``Invalid``."""
    match = _LOCALE.fullmatch(text)
    if match is None:
        raise Invalid("locale", "must be a language tag, such as en or pt-BR")
    language, script, region = match.groups()
    parts = [language.lower(), script.title() if script else None, region.upper() if region else None]
    return "-".join(part for part in parts if part)


def clean_time_zone(text: str) -> str:
    """A zone of the IANA database, by its name there. Raises ``Invalid``."""
    if len(text) <= _LONGEST_ZONE and _ZONE.fullmatch(text):
        try:
            ZoneInfo(text)
        except (ValueError, LookupError, OSError):
            pass  # not a zone, a folder of zones, or another file beside them
        else:
            return text
    raise Invalid("timeZone", "must be an IANA time zone, such as Europe/Paris")


def clean_bio(text: str) -> str:
    """Several lines of text, without surrounding space. Raises ``Invalid``."""
    bio = "" if len(text) > 4 * LONGEST_BIO else unicodedata.normalize("NFC", text).strip()
    if (text.strip() and not bio) or len(bio) > LONGEST_BIO:
        raise Invalid("bio", f"must have at most {LONGEST_BIO} characters")
    if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in bio):
        raise Invalid("bio", "must not contain control characters")
    return bio
