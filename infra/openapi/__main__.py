"""Writes the document where it is kept: ``make openapi``."""

import json
from pathlib import Path

from openapi.document import build_document

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"


def main() -> None:
    DOCUMENT.write_text(text_of_document(), encoding="utf-8")
    print(f"Wrote {DOCUMENT.relative_to(DOCUMENT.parents[1])}.")


def text_of_document() -> str:
    return json.dumps(build_document(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
