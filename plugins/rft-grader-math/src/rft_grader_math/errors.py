"""What can go wrong, and whose fault it is.

ValueError
├── UnreadableError     a text is no answer that can be read
│   └── TooLargeError   it could be read, but exceeds a bound (see `bounds`)
│       └── BeyondError the bound on values
└── GoldError           the gold answer cannot be read: the dataset's fault
RuntimeError
└── UndecidedError      neither equal nor different was found out: nobody's answer is wrong
"""

from __future__ import annotations


class UnreadableError(ValueError):
    """The text is not an answer that can be read; the message says why."""


class TooLargeError(UnreadableError):
    """The text exceeds a bound, so it is not evaluated; the same on every machine."""


class BeyondError(TooLargeError):
    """A value is too large or too small to be evaluated."""


class GoldError(ValueError):
    """The gold answer cannot be read."""


class UndecidedError(RuntimeError):
    """The algebra worker passed its deadline or died, so the comparison has no verdict."""
