"""The connection to Ray: one per process, shared by all executors."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Final
from urllib.parse import urlsplit

from rft_core.errors import UsageError

OBJECT_STORE_BYTES: Final = 256 * 1024**2
"""Of a cluster of our own. It holds pieces of batches on their way; Ray's default is a third of
the memory, which containers with a small /dev/shm do not have."""
CONNECT_SECONDS: Final = 10.0
"""Ray itself tries for two minutes to reach an address where nothing listens."""
ENVIRONMENT: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Deaths of actors are told as errors of samples. Ray prints them to stdout besides, whatever
    # `log_to_driver` says, and takes lines out only by this.
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",
    # When the cluster is gone, Ray ends this process after 60 s. A run ends by its own rules, with
    # its log and its checkpoint.
    "RAY_gcs_rpc_server_reconnect_timeout_s": "3600",
}
"""Read by Ray when it is imported; what is set already stays."""

_lock: Final = threading.Lock()
_users = 0
_connected_here = False


def join() -> None:
    """Connect this process to Ray unless it is connected; every call needs one of `leave`.

    The cluster is that of `RAY_ADDRESS`, or else a new one on this machine. Raises `UsageError`.
    """
    global _users, _connected_here  # noqa: PLW0603 - Ray has one connection per process, too
    with _lock:
        if not _imported().is_initialized():
            _connect(os.environ.get("RAY_ADDRESS") or "local")
            _connected_here = True
        _users += 1


def leave() -> None:
    """Undo one `join`. The last one disconnects, if `join` connected, and so ends a new cluster."""
    global _users, _connected_here  # noqa: PLW0603
    with _lock:
        _users -= 1
        if _users == 0 and _connected_here:
            _connected_here = False
            _imported().shutdown()


def cpus() -> int:
    """Return the CPUs of the cluster, at least 1."""
    return max(1, int(_imported().cluster_resources().get("CPU", 1)))


def _imported() -> ModuleType:
    """Return the module `ray`, whose import takes half a second."""
    if "ray" not in sys.modules:
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
    import ray

    return ray


def _connect(address: str) -> None:
    ray = _imported()
    own = {"include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
    _refuse_if_nobody_listens(address)
    try:
        with _kept_signals():
            ray.init(
                address,
                log_to_driver=False,
                logging_level="ERROR",
                **(own if address == "local" else {}),
            )
    except Exception as error:
        message = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise _unreachable(address, f"{type(error).__name__}: {message}") from error


def _refuse_if_nobody_listens(address: str) -> None:
    """Raise `UsageError` at once where Ray would only after two minutes."""
    parts = urlsplit(address if "://" in address else f"ray://{address}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port:
        return  # "auto", "local", or something that Ray refuses
    try:
        socket.create_connection((host, port), CONNECT_SECONDS).close()
    except OSError as error:
        raise _unreachable(address, error.strerror or str(error)) from None


def _unreachable(address: str, cause: str) -> UsageError:
    if address == "local":
        return UsageError(
            f"Ray did not start on this machine: {cause}",
            hint="Set RAY_ADDRESS to use a cluster that is running.",
        )
    return UsageError(
        f"no Ray cluster can be reached: {cause}",
        where=f"RAY_ADDRESS={address}",
        hint="Start one with `ray start --head`, or unset RAY_ADDRESS to use this machine alone.",
    )


@contextmanager
def _kept_signals() -> Iterator[None]:
    """Keep signals with whom they belong: the run, which saves a checkpoint on them.

    Ray takes SIGTERM. SIGINT, which a terminal sends to all processes, ends workers that are just
    starting, and Ray waits for them in vain; a new cluster's processes inherit that it is blocked.
    """
    before = signal.getsignal(signal.SIGTERM)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if callable(before) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)
