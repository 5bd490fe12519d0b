"""Rotates the keys that sign access tokens: of a stage, or of a local server's data folder.

    python infra/key_rotation.py --stage dev
    python infra/key_rotation.py --data-dir .pyairtable

A rotation makes the next key the current one, retires the current one, publishes a
new next key and drops retired keys whose last token has expired. The next key must
have been published for ten minutes: until then the command refuses. It may be run at
any time and again after an interruption; no token is refused for it. See
docs/decisions/0020-derived-secrets-and-key-rotation.md.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from boto3.session import Session

from deploy import Client, Refusal, read_stage
from pyairtable_common.config import MissingSetting
from pyairtable_common.engines.security.key_rotation import TooEarly, published_anew, rotated
from pyairtable_common.engines.security.signing_keys import SigningKeys, parse_keys, replace_keys

KEYS_FILE = "signing-keys.json"


def main(arguments: Sequence[str], now_ms: int) -> None:
    """What the command line asks for; ends with a sentence where it cannot be done."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--stage")
    where.add_argument("--data-dir", type=Path)
    parsed = parser.parse_args(arguments)
    try:
        if parsed.stage:
            print(_rotate_stage(parsed.stage, now_ms))
        else:
            print(rotate_folder(parsed.data_dir, now_ms))
    except (Refusal, MissingSetting, TooEarly) as refusal:
        sys.exit(f"Nothing was changed: {refusal}")


def rotate_folder(folder: Path, now_ms: int) -> str:
    """Says what was done. A running server takes it up within five minutes."""
    path = folder / KEYS_FILE
    if not path.is_file():
        raise Refusal(f"there are no keys in {folder}")
    keys = rotated(parse_keys(path.read_text(encoding="ascii"), str(path)), now_ms)
    replace_keys(path, keys)
    return _told(keys)


def rotate_secrets(secrets: Client, outputs: Mapping[str, str], now_ms: int) -> str:
    """Says what was done.

    The private half is written first: every service knows its current key as the next
    one already. What an interruption left unpublished is published now, and may sign
    once that is long enough ago.
    """
    private, public = outputs["SigningKeysArn"], outputs["VerificationKeysArn"]
    keys = parse_keys(_read(secrets, private), "the secret of the signing keys")
    if json.loads(_read(secrets, public)) != keys.public_document():
        keys = published_anew(keys, now_ms)
        _write(secrets, outputs, keys)
        return f"An interrupted rotation was completed. {_told(keys)}"
    keys = rotated(keys, now_ms)
    _write(secrets, outputs, keys)
    return _told(keys)


def _rotate_stage(name: str, now_ms: int) -> str:
    stage = read_stage(name)
    session = Session(region_name=stage.region)
    (stack,) = session.client("cloudformation").describe_stacks(StackName=stage.stack)["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    return rotate_secrets(session.client("secretsmanager"), outputs, now_ms)


def _write(secrets: Client, outputs: Mapping[str, str], keys: SigningKeys) -> None:
    for arn, document in (
        (outputs["SigningKeysArn"], keys.document()),
        (outputs["VerificationKeysArn"], keys.public_document()),
    ):
        secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(document))


def _read(secrets: Client, arn: str) -> str:
    text: str = secrets.get_secret_value(SecretId=arn)["SecretString"]
    return text


def _told(keys: SigningKeys) -> str:
    return "Keys: " + ", ".join(f"{key.state.value} {key.id[:8]}" for key in keys)


if __name__ == "__main__":
    main(sys.argv[1:], time.time_ns() // 1_000_000)
