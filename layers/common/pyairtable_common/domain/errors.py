"""Everything that can be wrong with what a caller asked for.

::

    DomainError
     |- NotAuthenticated          who are you?
     |- NotPermittedOrNotFound    may not, or is not there: deliberately one answer
     |- NotPermitted              you see it, but may not do that
     |- NotFound
     |   `- RecordNotFound
     |- InvalidRequest            the request's shape
     |   |- UnreadableBody, BodyTooLarge, MissingParameter, ...
     |   `- UnknownFieldName, InvalidCellValue, ...   the request's values
     |- Conflict                  true a moment ago, not any more
     `- TryAgain                  nothing wrong with the request

Which status and Airtable error type a class gets is ``web.errors``' business;
the message is written here, since it is the meaning in words. Texts follow the
Web API's "Errors" pages.
"""

import json
from math import ceil
from typing import ClassVar


class DomainError(Exception):
    """Root of all errors that are an answer to the caller rather than a defect."""

    message: ClassVar[str] = "Invalid request: parameter validation failed. Check your request data."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.message)

    @property
    def text(self) -> str:
        return str(self)


class NotAuthenticated(DomainError):
    message = "Authentication required"


class NotPermittedOrNotFound(DomainError):
    message = (
        "Invalid permissions, or the requested model was not found. Check that both your user "
        "and your token have the required permissions, and that the model names and/or ids are correct."
    )


class NotPermitted(DomainError):
    message = "You are not permitted to perform this operation"


class NotFound(DomainError):
    message = "Not found"


class RecordsNotFound(DomainError):
    """An id in a batch delete is not there."""

    def __init__(self, record_id: str) -> None:
        super().__init__(f"Could not find a record with ID {json.dumps(record_id)}.")


class InvalidRequest(DomainError):
    """The request's shape or values are wrong; nothing was done."""


class UnreadableBody(InvalidRequest):
    message = "Could not parse request body"


class BodyTooLarge(InvalidRequest):
    message = "The request body is too large"


class MissingBodyField(InvalidRequest):
    def __init__(self, name: str) -> None:
        super().__init__(f'Could not find field "{name}" in the request body')


class InvalidPageSize(InvalidRequest):
    message = "The value of pageSize must be an integer between 1 and 100"


class InvalidMaxRecords(InvalidRequest):
    message = "The value of maxRecords must be a positive integer"


class InvalidOffset(InvalidRequest):
    message = "The value of offset is invalid"


class IteratorNotAvailable(InvalidRequest):
    """The offset belongs to another listing; the client starts again from page one."""


class InvalidSort(InvalidRequest):
    message = "The value of sort is invalid"


class NotSupported(InvalidRequest):
    """Airtable knows the parameter, this server does not yet: better refused than ignored."""

    def __init__(self, parameter: str) -> None:
        super().__init__(f"Invalid request: {parameter} is not supported by this server")


class ViewNotFound(InvalidRequest):
    def __init__(self, view: str) -> None:
        super().__init__(f"View {view} not found")


class UnknownFieldName(InvalidRequest):
    def __init__(self, name: str) -> None:
        super().__init__(f'Unknown field name: "{name}"')


class InvalidCellValue(InvalidRequest):
    def __init__(self, field_name: str) -> None:
        super().__init__(f'Field "{field_name}" cannot accept the provided value')


class ComputedFieldWrite(InvalidCellValue):
    def __init__(self, field_name: str) -> None:
        InvalidRequest.__init__(
            self, f'Field "{field_name}" cannot accept a value because the field is computed'
        )


class UnknownChoice(InvalidRequest):
    def __init__(self, value: str) -> None:
        quoted = json.dumps(json.dumps(value, ensure_ascii=False), ensure_ascii=False)
        super().__init__(f"Insufficient permissions to create new select option {quoted}")


class InvalidRecords(InvalidRequest):
    """The ``records`` array of a batch is not what the call takes."""


class RecordDoesNotExist(InvalidRequest):
    def __init__(self, record_id: str) -> None:
        super().__init__(f"Record ID {record_id} does not exist in this table")


class RecordTooLarge(InvalidRequest):
    message = "The record is too large to be stored"


class DuplicateTableName(InvalidRequest):
    def __init__(self, name: str) -> None:
        super().__init__(f"Table name {json.dumps(name, ensure_ascii=False)} already exists in this base")


class DuplicateOrEmptyFieldName(InvalidRequest):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"Field name {json.dumps(name, ensure_ascii=False)} is empty or already exists in this table"
        )


class InvalidFieldOptions(InvalidRequest):
    def __init__(self, field_type: str, reason: str) -> None:
        super().__init__(f"Invalid options for field type {field_type}: {reason}")


class UnsupportedFieldType(InvalidRequest):
    def __init__(self, field_type: str) -> None:
        super().__init__(f"Creating {field_type} fields is not supported at this time")


class Invalid(InvalidRequest):
    """A native (``/v1``) call's parameter is wrong; ``parameter`` names it."""

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__(f"{parameter}: {reason}")
        self.parameter = parameter


class InvalidCredentials(DomainError):
    """The e-mail address or the password is wrong: never say which."""

    message = "The e-mail address or the password is wrong"


class SecondFactorRequired(DomainError):
    """The password was right; a code is needed too."""

    message = "A code of your authenticator, or a recovery code, is needed as well"


class InvalidCode(DomainError):
    """A one-time password or recovery code: mistyped, too old, or used before."""

    message = "The code is wrong or was used before"


class InvalidRefreshToken(DomainError):
    """It was never given out, or its session is over."""

    message = "The refresh token is invalid or its session has ended: sign in again"


class RefreshTokenReused(InvalidRefreshToken):
    """It was used before: its session was ended. The caller is told no more than that; the log is."""


class InvalidLink(InvalidRequest):
    """The token of a mailed link: mistyped, used, expired, or replaced by a later one."""

    message = "The link is invalid, was used before, or has expired"


class Conflict(DomainError):
    """True a moment ago, not any more."""


class EmailTaken(Conflict):
    message = "An account with this e-mail address exists already"


class AlreadyMember(Conflict):
    message = "This person is a member of the workspace already"


class VersionMismatch(Conflict):
    message = "Somebody else changed this meanwhile: read it again and repeat your change"


class OwnershipRequired(Conflict):
    """An account cannot go while things depend on it; the message names them."""


class DeletionUnderWay(Conflict):
    message = "This account is being deleted already"


class AlreadyCollaborator(Conflict):
    message = "This person has a role in the base already: change it"


class TooManyInvites(Conflict):
    message = "This workspace has as many open invites as it may: revoke some first"


class LastOwner(Conflict):
    message = "A workspace has at least one owner: make somebody else an owner first"


class SlugTaken(Conflict):
    message = "Another workspace has this slug"


class IdempotencyMismatch(InvalidRequest):
    message = "This Idempotency-Key was used for a different request"


class RateLimited(DomainError):
    """Too many requests, refused until ``until_ms``: that is ``retry_seconds`` (at least 1) from now."""

    message = "Rate limit exceeded. Please try again later"

    def __init__(self, until_ms: int, now_ms: int) -> None:
        super().__init__()
        self.until_ms = until_ms
        self.retry_seconds = max(1, ceil((until_ms - now_ms) / 1000))


class TryAgain(DomainError):
    """Nothing is wrong with the request; it is safe to repeat it."""

    message = "Server encountered an error while processing your request, and it is safe to retry the request"
