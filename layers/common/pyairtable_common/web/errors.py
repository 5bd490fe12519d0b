"""One table: what an error means (``domain.errors``) to what goes over the wire.

Statuses, types and envelopes are Airtable's (Web API, "Errors"). A class not in
the table gets what its nearest ancestor has.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from pyairtable_common.domain import errors
from pyairtable_common.domain.jsonvalue import JSONValue
from pyairtable_common.web.messages import Response


class Envelope(Enum):
    OBJECT = "type and message"
    BARE = "a string"
    TYPE_ONLY = "type"


@dataclass(frozen=True, slots=True)
class Answer:
    """How one kind of error is told."""

    status: int
    type: str
    envelope: Envelope = Envelope.OBJECT
    headers: Mapping[str, str] = field(default_factory=dict)


ANSWERS: Mapping[type[errors.DomainError], Answer] = {
    errors.DomainError: Answer(422, "INVALID_REQUEST_UNKNOWN"),
    errors.NotAuthenticated: Answer(401, "AUTHENTICATION_REQUIRED"),
    errors.InvalidCredentials: Answer(401, "INVALID_CREDENTIALS"),
    errors.SecondFactorRequired: Answer(401, "MFA_REQUIRED"),
    errors.InvalidCode: Answer(401, "INVALID_CODE"),
    errors.InvalidRefreshToken: Answer(401, "INVALID_REFRESH_TOKEN"),
    errors.NotPermittedOrNotFound: Answer(403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"),
    errors.NotPermitted: Answer(403, "INVALID_PERMISSIONS"),
    errors.NotFound: Answer(404, "NOT_FOUND", Envelope.BARE),
    errors.RecordsNotFound: Answer(404, "NOT_FOUND"),
    errors.InvalidRequest: Answer(422, "INVALID_REQUEST_UNKNOWN"),
    errors.UnreadableBody: Answer(400, "INVALID_REQUEST_BODY"),
    errors.BodyTooLarge: Answer(413, "REQUEST_TOO_LARGE"),
    errors.RecordTooLarge: Answer(422, "INVALID_REQUEST_UNKNOWN"),
    errors.MissingBodyField: Answer(422, "INVALID_REQUEST_MISSING_FIELDS"),
    errors.InvalidPageSize: Answer(422, "INVALID_PAGE_SIZE_ARGUMENT"),
    errors.InvalidMaxRecords: Answer(422, "INVALID_MAX_RECORDS"),
    errors.InvalidOffset: Answer(422, "INVALID_OFFSET_VALUE"),
    errors.IteratorNotAvailable: Answer(422, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE", Envelope.TYPE_ONLY),
    errors.InvalidSort: Answer(422, "INVALID_SORT"),
    errors.ViewNotFound: Answer(422, "VIEW_NAME_NOT_FOUND"),
    errors.UnknownFieldName: Answer(422, "UNKNOWN_FIELD_NAME"),
    errors.InvalidCellValue: Answer(422, "INVALID_VALUE_FOR_COLUMN"),
    errors.UnknownChoice: Answer(422, "INVALID_MULTIPLE_CHOICE_OPTIONS"),
    errors.InvalidRecords: Answer(422, "INVALID_RECORDS"),
    errors.RecordDoesNotExist: Answer(422, "ROW_DOES_NOT_EXIST"),
    errors.DuplicateTableName: Answer(422, "DUPLICATE_TABLE_NAME"),
    errors.DuplicateOrEmptyFieldName: Answer(422, "DUPLICATE_OR_EMPTY_FIELD_NAME"),
    errors.InvalidFieldOptions: Answer(422, "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE"),
    errors.UnsupportedFieldType: Answer(422, "UNSUPPORTED_FIELD_TYPE_FOR_CREATE"),
    errors.Invalid: Answer(422, "INVALID_REQUEST"),
    errors.InvalidLink: Answer(422, "INVALID_LINK"),
    errors.Conflict: Answer(409, "CONFLICT"),
    errors.EmailTaken: Answer(409, "EMAIL_TAKEN"),
    errors.AlreadyMember: Answer(409, "ALREADY_MEMBER"),
    errors.VersionMismatch: Answer(409, "VERSION_MISMATCH"),
    errors.OwnershipRequired: Answer(409, "OWNERSHIP_REQUIRED"),
    errors.DeletionUnderWay: Answer(409, "DELETION_UNDER_WAY"),
    errors.AlreadyCollaborator: Answer(409, "ALREADY_COLLABORATOR"),
    errors.TooManyInvites: Answer(409, "TOO_MANY_INVITES"),
    errors.LastOwner: Answer(409, "LAST_OWNER"),
    errors.SlugTaken: Answer(409, "SLUG_TAKEN"),
    errors.IdempotencyMismatch: Answer(422, "IDEMPOTENCY_KEY_REUSED"),
    errors.RateLimited: Answer(429, "RATE_LIMIT_REACHED"),
    errors.TryAgain: Answer(503, "RETRIABLE_ERROR", headers={"Retry-After": "1"}),
}

UNEXPECTED: JSONValue = {"error": {"type": "SERVER_ERROR", "message": "An unexpected error occurred"}}


def response_of(error: errors.DomainError) -> Response:
    answer = next(ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS)
    headers = dict(answer.headers)
    if isinstance(error, errors.RateLimited):
        headers["Retry-After"] = str(error.retry_seconds)
    return Response({"error": _body(answer, error.text)}, answer.status, headers)


def _body(answer: Answer, message: str) -> JSONValue:
    if answer.envelope is Envelope.BARE:
        return answer.type
    if answer.envelope is Envelope.TYPE_ONLY:
        return {"type": answer.type}
    return {"type": answer.type, "message": message}
