"""Signatures of documents by ssh keys, made and checked by `ssh-keygen`.

What is signed are the document's canonical bytes, in the namespace `rft-spec`, so that no signature
made for something else (a git commit, a login) counts here. The format is that of
`ssh-keygen -Y sign`; whose keys count is said by a file in its ALLOWED SIGNERS format.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from grader_registry.errors import IntegrityError, RegistryError
from grader_registry.stores.layout import MAX_SIGNATURE
from rft_core.testing.wording import one_line

NAMESPACE: Final = "rft-spec"
SIGN_SECONDS: Final = 300.0
"""Somebody may have to type a passphrase, or touch a key."""
VERIFY_SECONDS: Final = 30.0
_BEGIN: Final = b"-----BEGIN SSH SIGNATURE-----"
_MAX_TOLD: Final = 300


def sign(data: bytes, key: Path) -> bytes:
    """Return the detached signature of a document's bytes.

    `key` is a private key, or a public one whose private key the ssh agent has. `ssh-keygen` asks
    for a passphrase on the terminal. Raises `RegistryError`.
    """
    check_key(key)
    done = _run(["-Y", "sign", "-n", NAMESPACE, "-f", str(key.resolve())], data, SIGN_SECONDS)
    if done.returncode or not done.stdout.startswith(_BEGIN):
        raise RegistryError(
            f"the document could not be signed: {_told(done)}",
            where=str(key),
            hint="Give a private key, or a public one whose private key is in the ssh agent.",
        )
    return done.stdout


def check_key(key: Path) -> None:
    """Raise `RegistryError` if there is no such key, or nothing to sign with."""
    _ssh_keygen()
    if not key.is_file():
        raise RegistryError(
            "no such key",
            where=str(key),
            hint="`ssh-keygen -t ed25519 -f FILE` makes one.",
        )


def verify_signature(data: bytes, signature: bytes, allowed_signers: Path) -> str:
    """Return who signed a document, by their name in the file of allowed signers.

    Raises `IntegrityError` for a signature by anybody else, or of anything else.
    """
    if len(signature) > MAX_SIGNATURE or not signature.lstrip().startswith(_BEGIN):
        raise IntegrityError("the signature is no ssh signature", hint="It should not be trusted.")
    if not allowed_signers.is_file():
        raise RegistryError("no such file of allowed signers", where=str(allowed_signers))
    with tempfile.TemporaryDirectory(prefix="rft-signature-") as name:
        file = Path(name) / "document.sig"
        file.write_bytes(signature)
        signed = ["-s", str(file), "-f", str(allowed_signers.resolve())]
        return _verified(data, signed, allowed_signers)


def _verified(data: bytes, signed: Sequence[str], allowed_signers: Path) -> str:
    found = _run(["-Y", "find-principals", *signed], b"", VERIFY_SECONDS)
    names = found.stdout.decode("utf-8", "replace").splitlines() if not found.returncode else []
    if not names:
        raise IntegrityError(
            f"the signature is by nobody whom the project allows to sign: {_told(found)}",
            where=str(allowed_signers),
            hint="Ask the owners which key is theirs before you add it to that file.",
        )
    for name in names:
        done = _run(["-Y", "verify", "-n", NAMESPACE, "-I", name, *signed], data, VERIFY_SECONDS)
        if not done.returncode:
            return one_line(name)
    raise IntegrityError(
        f"the signature by {one_line(names[0])} is not of this document: {_told(done)}",
        hint="The document or its signature was exchanged, or is signed for something else.",
    )


def _run(
    arguments: Sequence[str], data: bytes, seconds: float
) -> subprocess.CompletedProcess[bytes]:
    """Run `ssh-keygen`. Raises `RegistryError` if it is not there or does not end."""
    try:
        return subprocess.run(  # noqa: S603 - no shell; files and names are arguments of options
            [_ssh_keygen(), *arguments],
            input=data,
            capture_output=True,
            timeout=seconds,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except subprocess.TimeoutExpired:
        raise RegistryError(f"ssh-keygen did not end within {seconds:g} s") from None


def _ssh_keygen() -> str:
    found = shutil.which("ssh-keygen")
    if found is None:
        raise RegistryError(
            "signatures need ssh-keygen, and it is not there", hint="Install OpenSSH 8.2 or later."
        )
    return found


def _told(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return what the program says is wrong."""
    text = " ".join(done.stderr.decode("utf-8", "replace").split())
    return one_line(text[:_MAX_TOLD]) or f"ssh-keygen ended with {done.returncode}"
