"""What DynamoDB's errors mean to a caller of the store."""

from collections.abc import Sequence

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection
from pynamodb.exceptions import CancellationReason, TransactWriteError

from pyairtable_common.repositories.ports import ConditionFailed, Key, StoreError, TooLarge, Unavailable

_UNAVAILABLE = frozenset(
    {
        "InternalServerError",
        "InternalServerException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TransactionInProgressException",
        # The same token with other writes: an earlier try of the same operation is committed or
        # under way, so the caller must read back, which is what Unavailable tells it to do.
        "IdempotentParameterMismatchException",
    }
)
_SIZE_WORDS = (
    "size has exceeded",
    "size limit",
    "exceeds the limit",
    "cannot exceed",
    "length less than or equal to",
)


def to_store_error(error: Exception) -> Exception:
    """The port's error for what a call raised; the error itself when it tells of a defect of ours."""
    if isinstance(error, NoConnection | HTTPClientError):
        return Unavailable(str(error))
    answered = _to_answered(error) if isinstance(error, ClientError) else None
    return answered or error


def to_transaction_error(error: TransactWriteError, keys: Sequence[Key]) -> Exception:
    """As ``to_store_error``; ``keys`` are those of the transaction's actions, in the order sent."""
    cancelled = _to_cancellation(error.cancellation_reasons, keys)
    return cancelled or to_store_error(error.cause or error)


def _to_answered(error: ClientError) -> StoreError | None:
    code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    if code in _UNAVAILABLE or _status(error) >= 500:
        return Unavailable(f"{code}: {message}")
    return TooLarge(message) if _is_about_size(code, message) else None


def _to_cancellation(reasons: Sequence[CancellationReason | None], keys: Sequence[Key]) -> StoreError | None:
    given = [(key, reason) for key, reason in zip(keys, reasons, strict=False) if reason is not None]
    failed = [key for key, reason in given if reason.code == "ConditionalCheckFailed"]
    if failed:
        return ConditionFailed(failed)
    for _, reason in given:
        if _is_about_size(reason.code, reason.message or ""):
            return TooLarge(reason.message or reason.code)
    transient = sorted({reason.code for _, reason in given} - {"ValidationError"})
    return Unavailable(", ".join(transient)) if transient else None


def _is_about_size(code: str, message: str) -> bool:
    return code.startswith("Validation") and any(words in message.lower() for words in _SIZE_WORDS)


def _status(error: ClientError) -> int:
    """PynamoDB's error leaves the HTTP status out; botocore's, its cause, has it."""
    for each in (error, error.__cause__):
        if isinstance(each, ClientError) and "ResponseMetadata" in each.response:
            return int(each.response["ResponseMetadata"].get("HTTPStatusCode", 0))
    return 0
