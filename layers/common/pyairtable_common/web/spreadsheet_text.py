"""CSV (RFC 4180) that a spreadsheet reads as data, whatever people have written into it."""

import csv
import io
from collections.abc import Iterable, Sequence

MEDIA_TYPE = "text/csv"
CONTENT_TYPE = f"{MEDIA_TYPE}; charset=utf-8; header=present"
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Every cell quoted, none of them the beginning of a formula."""
    target = io.StringIO()
    writer = csv.writer(target, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([safe_cell(cell) for cell in row] for row in (header, *rows))
    return target.getvalue()


def safe_cell(text: str) -> str:
    """The text, behind an apostrophe if a spreadsheet would take it for a formula (OWASP, "CSV Injection").

    The signs count behind white space too: importers trim it.
    """
    begins = text.startswith(_BEGINS_A_FORMULA) or text.strip().startswith(_BEGINS_A_FORMULA)
    return f"'{text}" if begins else text
