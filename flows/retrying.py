"""What passes by itself, and so is tried again, and what does not: decided here, from the error's class.

A database that is locked, a server that restarts and a network that is away pass. A file that cannot be
decoded, a setting that is wrong, a model that is missing and a full disk do not: they need a person.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Any

from transcripts.errors import ArchiveError, ConfigurationError, SymposiaError

RETRIES = 3
FIRST_AFTER_S = 10.0  # then twice as long each time: a server's restart passes within them
NEVER_BEFORE_S = 600.0  # a stage may take so long whatever its recording's length: models are loaded, fetched

_PASSING_ERRNO = {
    errno.EAGAIN,
    errno.EBUSY,  # of s3fs, where a store asks for patience (503)
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
    errno.EREMOTEIO,  # of s3fs, where a store failed (500)
    errno.ESTALE,  # of a network drive whose server has restarted
    errno.ETXTBSY,
}


# Of httpx, requests, botocore and aiohttp, none of which is imported for it.
_PASSING_KINDS = {
    *("TransportError", "ConnectionError"),
    *("HTTPClientError", "ClientConnectionError", "ClientPayloadError"),
}


def may_pass(error: BaseException) -> bool:
    """Whether what went wrong may go well when it is tried again, a little later."""
    if isinstance(error, ConfigurationError):
        return False
    if isinstance(error, ArchiveError):
        return error.may_pass
    if isinstance(error, SymposiaError):  # of a model or a recording, say: if the network was away, it passes
        return error.may_pass or any(_is_passing(each) for each in _behind(error))
    return _is_passing(error)


def away(error: BaseException) -> str:
    """An error that may pass and that nobody has put into words, in words."""
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"a server or the network is away ({said}): check it and run again; what was done is kept."


def is_worth_a_retry(task: Any, task_run: Any, state: Any) -> bool:
    """`may_pass`, as Prefect asks it of a task's failed state."""
    found = state.result(raise_on_failure=False)
    return isinstance(found, BaseException) and may_pass(found)


def timeout_s(duration_s: float, times: float) -> float | None:
    """After how many seconds a stage is given up that takes so many times its recording's length.

    None where `times` is 0: never.
    """
    return max(NEVER_BEFORE_S, times * duration_s) if times else None


def _is_passing(error: BaseException) -> bool:
    """Of the network, of a time limit, or of a drive that is away for a moment."""
    if type(error).__name__ == "TaskRunTimeoutError":  # a stage that took too long would do so again
        return False
    if isinstance(error, ConnectionError | TimeoutError):
        return True
    if isinstance(error, OSError) and error.errno in _PASSING_ERRNO:
        return True
    return any(each.__name__ in _PASSING_KINDS for each in type(error).__mro__)


def _behind(error: BaseException) -> Iterator[BaseException]:
    """What led to an error; not the error itself."""
    cause = error.__cause__ or error.__context__
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


__all__ = ["FIRST_AFTER_S", "RETRIES", "away", "is_worth_a_retry", "may_pass", "timeout_s"]
