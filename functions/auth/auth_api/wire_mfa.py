"""Second factors over the wire."""

from collections.abc import Sequence

from pyairtable_common.application.authenticators import Enrolment, Proof
from pyairtable_common.domain.errors import Invalid
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.web.native import require_only, text_of


def password_of(body: JSONObject) -> str:
    return text_of(require_only(body, "password"), "password")


def code_of(body: JSONObject) -> str:
    return text_of(require_only(body, "code"), "code")


def proof_of(body: JSONObject) -> Proof:
    """Either of the two, and only one."""
    require_only(body, "password", "code")
    if len(body) != 1:
        raise Invalid("password", "is required, or code in its place")
    if "code" in body:
        return Proof(code=text_of(body, "code"))
    return Proof(password=text_of(body, "password"))


def enrolment_json(enrolment: Enrolment) -> JSONObject:
    return {"secret": enrolment.secret, "uri": enrolment.uri}


def recovery_codes_json(codes: Sequence[str]) -> JSONObject:
    return {"recoveryCodes": list(codes)}
