"""What can go wrong with a judge; each is an error outcome of the sample, never a score.

    JudgeError
    ├── EndpointError      the endpoint could not be reached, or answered with an error
    ├── ReplyError         it replied, but the reply holds no verdict
    └── CircuitOpenError   it was not asked, since it failed too often in a row

A judgement that passes its deadline is a `TimeoutError`, a spent budget a `RunStopError`.
"""

from __future__ import annotations


class JudgeError(Exception):
    """The judge gave no usable verdict."""


class EndpointError(JudgeError):
    """The endpoint could not be reached, or answered with an error.

    `status` is the HTTP status, None without a whole answer; `said` is the endpoint's own text, and
    `retry_after` its wish in seconds, where it told; `is_free` says that it cannot have worked, and
    charge, before it failed.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        said: str = "",
        retry_after: float | None = None,
        is_free: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.said = said
        self.retry_after = retry_after
        self.is_free = is_free

    @property
    def is_passing(self) -> bool:
        """Whether asking again may help: no answer, too many requests, a server's fault."""
        return self.status is None or self.status in {408, 409, 425, 429} or self.status >= 500  # noqa: PLR2004 - HTTP's server errors


class ReplyError(JudgeError):
    """The judge replied, but not with one verdict of the form that was asked for."""


class CircuitOpenError(JudgeError):
    """The endpoint failed too often in a row and is not asked for a while."""
