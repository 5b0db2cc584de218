"""Running `git` on repositories that nobody knows.

There is no shell and no terminal. The address and its password go by the environment, so they are
neither taken for options nor seen by other users. Nothing is ever checked out, so hooks, filters,
attributes, symbolic links and submodules of a repository have no effect.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from grader_registry.errors import StoreError
from grader_registry.stores.git_address import GitAddress

LOCAL_SECONDS: Final = 120.0
NETWORK_SECONDS: Final = 300.0
MAX_OUTPUT: Final = 64_000_000
MAX_FILE: Final = 1_000_000_000
"""Bytes of any file that git may write: what a server sends has an end."""
_MAX_MESSAGE: Final = 20_000
_MAX_LINE: Final = 300
_CHUNK: Final = 1 << 16
# What a user sets on purpose. Other variables of git's, such as GIT_DIR, come from a process that
# works on another repository.
_KEPT: Final = frozenset(
    f"GIT_{name}"
    for name in (
        *("SSH", "SSH_COMMAND", "SSH_VARIANT", "SSL_CAINFO", "SSL_CAPATH", "SSL_CERT", "SSL_KEY"),
        *("PROXY_COMMAND", "EXEC_PATH", "CONFIG_GLOBAL", "CONFIG_SYSTEM", "CONFIG_NOSYSTEM"),
        *("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL"),
    )
)
_SETTINGS: Final = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.alternateRefsCommand": "",
    "core.bigFileThreshold": "3m",
    "protocol.ext.allow": "never",
    "gc.autoDetach": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
    "advice.detachedHead": "false",
}
_REMOTE: Final = {
    "remote.origin.promisor": "true",  # the server may leave out blobs that are too large
    "remote.origin.partialclonefilter": "blob:limit=3m",
}


@dataclass(frozen=True)
class Output:
    """What a command said."""

    rc: int
    out: bytes
    message: str
    """What it wrote to its standard error, without passwords; no control characters."""


class Git:
    """Runs git commands in one bare repository."""

    def __init__(self, repository: Path, address: GitAddress) -> None:
        """Take the repository; it need not be there yet."""
        self.repository = repository
        self._address = address

    def run(
        self,
        *arguments: str,
        given: bytes = b"",
        limit: int = MAX_OUTPUT,
        network: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> bytes:
        """Return what a command writes. Raises `StoreError` with its message if it fails."""
        result = self.ask(
            *arguments, given=given, limit=limit, network=network, environment=environment
        )
        if result.rc:
            raise self.error(result.message or f"git {arguments[0]} failed")
        return result.out

    def ask(
        self,
        *arguments: str,
        given: bytes = b"",
        limit: int = MAX_OUTPUT,
        network: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> Output:
        """Run a command, which may fail.

        With `network` it knows the remote `origin`. Raises `StoreError` if it takes too long,
        writes more than `limit` bytes, or there is no git.
        """
        command = ["git", f"--git-dir={self.repository}", *_options(), *arguments]
        seconds = NETWORK_SECONDS if network else LOCAL_SECONDS
        with tempfile.TemporaryFile() as stdin:
            stdin.write(given)
            stdin.seek(0)
            try:
                process = subprocess.Popen(  # noqa: S603 - no shell, and nothing of an address in it
                    command,
                    stdin=stdin,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    env={**self._environment(network), **(environment or {})},
                    start_new_session=True,  # no terminal to ask at, and one group to end
                )
            except FileNotFoundError:
                raise StoreError(
                    "there is no git command", where=self._address.address, hint="Install git."
                ) from None
        return self._await(process, limit, seconds)

    def error(self, message: str, hint: str | None = None) -> StoreError:
        """Return an error of this repository."""
        return StoreError(message, where=self._address.address, hint=hint)

    def _await(self, process: subprocess.Popen[bytes], limit: int, seconds: float) -> Output:
        _limit_files(process.pid)
        try:
            out, said = self._read(process, limit, seconds)
            rc = process.wait(timeout=seconds)
        except BaseException as error:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)  # ssh, and whatever else it has started
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise self._too_long(seconds) from None
            raise
        finally:
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
        return Output(rc, out, self._clean(said))

    def _read(
        self, process: subprocess.Popen[bytes], limit: int, seconds: float
    ) -> tuple[bytes, bytes]:
        """Return both outputs. Raises `StoreError` if there is too much, or it takes too long."""
        end = time.monotonic() + seconds
        out, said = bytearray(), bytearray()
        with selectors.DefaultSelector() as selector:
            for stream, into in ((process.stdout, out), (process.stderr, said)):
                if stream is not None:
                    selector.register(stream, selectors.EVENT_READ, into)
            while selector.get_map():
                ready = selector.select(max(0.0, end - time.monotonic()))
                if not ready:
                    raise self._too_long(seconds)
                for key, _ in ready:
                    _take(selector, key, said)
                if len(out) > limit:
                    raise self.error(f"git writes more than {limit} bytes: the store is too large")
        return bytes(out), bytes(said)

    def _too_long(self, seconds: float) -> StoreError:
        return self.error(f"git has not ended after {seconds:g} s")

    def _environment(self, network: bool) -> dict[str, str]:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("GIT_") or name in _KEPT
        }
        environment |= {
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_ALLOW_PROTOCOL": self._address.protocol,
            "SSH_ASKPASS_REQUIRE": "never",
            "GIT_ASKPASS": "",
            "LC_ALL": "C",
        }
        # Local commands know no remote: what was left out is missing, and never fetched.
        settings = {"remote.origin.url": self._address.url, **_REMOTE} if network else {}
        environment["GIT_CONFIG_COUNT"] = str(len(settings))
        for number, (key, value) in enumerate(settings.items()):
            environment[f"GIT_CONFIG_KEY_{number}"] = key
            environment[f"GIT_CONFIG_VALUE_{number}"] = value
        return environment

    def _clean(self, said: bytes) -> str:
        """Return the last lines of a message, without passwords."""
        text = said.decode("utf-8", "replace")
        for secret in self._address.secrets:
            text = text.replace(secret, "***")
        lines = [line for line in map(str.strip, text.splitlines()) if line]
        telling = [line for line in lines if line.startswith(("fatal:", "error:", "remote:"))]
        return "; ".join(ascii(line[:_MAX_LINE])[1:-1] for line in (telling or lines)[-3:])


def _options() -> Sequence[str]:
    return [part for key, value in _SETTINGS.items() for part in ("-c", f"{key}={value}")]


def _take(selector: selectors.BaseSelector, key: selectors.SelectorKey, said: bytearray) -> None:
    """Take what a stream has; of messages only the last part is kept."""
    stream: IO[bytes] = key.fileobj  # type: ignore[assignment]
    data = os.read(stream.fileno(), _CHUNK)
    if not data:
        selector.unregister(stream)
    key.data.extend(data)
    if len(said) > 2 * _MAX_MESSAGE:
        del said[:-_MAX_MESSAGE]


def _limit_files(pid: int) -> None:
    """Let a process write no file that fills the disk, where the system can."""
    import resource

    if hasattr(resource, "prlimit"):
        with suppress(OSError):
            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            limit = MAX_FILE if hard == resource.RLIM_INFINITY else min(hard, MAX_FILE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, hard))
