"""Verdicts kept on disk, so that the same judgement is paid for once."""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

_LOG: Final = logging.getLogger(__name__)

_SCHEMA: Final = "CREATE TABLE IF NOT EXISTS verdicts (key TEXT PRIMARY KEY, value TEXT NOT NULL)"


def fingerprint(identity: Mapping[str, Any]) -> str:
    """Return the key of a judgement: a hash of everything that its verdict may depend on."""
    text = json.dumps(identity, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


class VerdictCache:
    """A SQLite file of verdicts, shared by processes.

    A cache that cannot be used is told once and then done without: it only saves money.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._broken = False

    def get(self, key: str) -> dict[str, Any] | None:
        """Return what was kept under the key, None if nothing was."""
        try:
            rows = self._open().execute("SELECT value FROM verdicts WHERE key = ?", (key,))
            row = rows.fetchone()
        except (sqlite3.Error, OSError) as error:
            self._tell(error)
            return None
        return None if row is None else _read(row[0])

    def put(self, key: str, value: Mapping[str, Any]) -> None:
        """Keep a value."""
        try:
            with self._open() as connection:
                connection.execute(
                    "INSERT OR REPLACE INTO verdicts VALUES (?, ?)", (key, json.dumps(value))
                )
        except (sqlite3.Error, OSError) as error:
            self._tell(error)

    def close(self) -> None:
        """Close the file."""
        with suppress(sqlite3.Error):
            if self._connection is not None:
                self._connection.close()
        self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._broken:
            raise sqlite3.Error("given up")
        if self._connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Used on the runner's event loop, closed from the thread that ends the run.
            connection = sqlite3.connect(self.path, timeout=2, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(_SCHEMA)
            self._connection = connection
        return self._connection

    def _tell(self, error: Exception) -> None:
        if not self._broken:
            _LOG.warning("verdicts are not kept: %s: %s", self.path, error)
        self._broken = True


def _read(value: Any) -> dict[str, Any] | None:
    """Return a kept value, None if it is none: the file is not ours alone."""
    try:
        read = json.loads(value)
    except (TypeError, ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None
