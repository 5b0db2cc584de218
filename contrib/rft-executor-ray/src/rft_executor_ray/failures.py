"""How an actor can fail its driver."""

from __future__ import annotations

from rft_core.errors import RFTError


class ActorError(RFTError):
    """Base of what actors raise."""


class ActorLostError(ActorError):
    """The actor does not start: there is no room for it, or no cluster any more."""


class ActorSetupError(ActorError):
    """The actor has started and cannot build what it is to run."""


class ActorDiedError(ActorError):
    """The actor's process ended, or its node is lost, before it answered."""


class CallFailedError(ActorError):
    """The actor raised something, `trace` tells where; it goes on living."""

    def __init__(self, message: str, trace: str) -> None:
        self.trace = trace
        super().__init__(message)
