"""Signatures with real keys and the real ssh-keygen."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from grader_registry.errors import IntegrityError, RegistryError
from grader_registry.publishing.signing import MAX_SIGNATURE, NAMESPACE, sign, verify_signature

DATA = b'{"format":"rft-spec/1","name":"legal/eurovoc-f1"}'
MakeKey = Callable[..., Path]


@pytest.fixture
def make_key(tmp_path: Path) -> MakeKey:
    def make(name: str, passphrase: str = "", kind: str = "ed25519") -> Path:
        path = tmp_path / name
        command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", name, "-f", str(path)]
        subprocess.run(command, check=True, timeout=60)
        return path

    return make


def signers(folder: Path, *lines: tuple[str, Path]) -> Path:
    """Write a file of allowed signers: for each, what stands before the key."""
    path = folder / "allowed_signers"
    text = "".join(f"{who} {key.with_suffix('.pub').read_text()}" for who, key in lines)
    path.write_text(text)
    return path


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_signature_names_its_signer(tmp_path: Path, make_key: MakeKey, kind: str) -> None:
    ada, bob = make_key("ada", kind=kind), make_key("bob")
    allowed = signers(tmp_path, ("bob@example.org", bob), ("ada@example.org", ada))
    signature = sign(DATA, ada)
    assert len(signature) < MAX_SIGNATURE
    assert verify_signature(DATA, signature, allowed) == "ada@example.org"
    assert {path.name for path in tmp_path.iterdir()} == {
        *("ada", "ada.pub", "bob", "bob.pub", "allowed_signers")
    }


def test_another_document_is_refused(tmp_path: Path, make_key: MakeKey) -> None:
    ada = make_key("ada")
    allowed = signers(tmp_path, ("ada@example.org", ada))
    with pytest.raises(IntegrityError, match=r"by ada@example\.org is not of this document"):
        verify_signature(DATA + b" ", sign(DATA, ada), allowed)


def test_an_unknown_signer_is_refused(tmp_path: Path, make_key: MakeKey) -> None:
    allowed = signers(tmp_path, ("ada@example.org", make_key("ada")))
    with pytest.raises(IntegrityError, match="by nobody whom the project allows"):
        verify_signature(DATA, sign(DATA, make_key("mallory")), allowed)


def test_a_signature_for_something_else_is_refused(tmp_path: Path, make_key: MakeKey) -> None:
    ada = make_key("ada")
    allowed = signers(tmp_path, ("ada@example.org", ada))
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", str(ada)]
    done = subprocess.run(command, input=DATA, capture_output=True, check=True, timeout=60)
    with pytest.raises(IntegrityError, match="not of this document"):
        verify_signature(DATA, done.stdout, allowed)


def test_a_key_that_may_sign_other_things_alone_is_refused(
    tmp_path: Path, make_key: MakeKey
) -> None:
    ada = make_key("ada")
    assert (
        verify_signature(
            DATA,
            sign(DATA, ada),
            signers(tmp_path, (f'ada@example.org namespaces="{NAMESPACE}"', ada)),
        )
        == "ada@example.org"
    )
    allowed = signers(tmp_path, ('ada@example.org namespaces="git"', ada))
    with pytest.raises(IntegrityError):
        verify_signature(DATA, sign(DATA, ada), allowed)


def test_a_key_whose_time_is_over_is_refused(tmp_path: Path, make_key: MakeKey) -> None:
    ada = make_key("ada")
    allowed = signers(tmp_path, ('ada@example.org valid-before="20200101"', ada))
    with pytest.raises(IntegrityError):
        verify_signature(DATA, sign(DATA, ada), allowed)


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        b"\x00" * 100,
        b"-----BEGIN PGP SIGNATURE-----\n",
        b"-----BEGIN SSH SIGNATURE-----\n" + b"A" * MAX_SIGNATURE,
        b"-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n",
        b"-----BEGIN SSH SIGNATURE-----\n\x1b[31m\n-----END SSH SIGNATURE-----\n",
    ],
    ids=["empty", "zeros", "pgp", "long", "short", "escapes"],
)
def test_hostile_signatures_are_refused(
    tmp_path: Path, make_key: MakeKey, signature: bytes
) -> None:
    allowed = signers(tmp_path, ("ada@example.org", make_key("ada")))
    with pytest.raises(IntegrityError) as told:
        verify_signature(DATA, signature, allowed)
    assert str(told.value).replace("\n", "").isprintable()


def test_a_signature_that_was_cut_is_refused(tmp_path: Path, make_key: MakeKey) -> None:
    ada = make_key("ada")
    allowed = signers(tmp_path, ("ada@example.org", ada))
    signature = sign(DATA, ada)
    for end in (40, len(signature) // 2, len(signature) - 40):
        with pytest.raises(IntegrityError):
            verify_signature(DATA, signature[:end], allowed)


def test_no_key_no_signers_no_program(
    tmp_path: Path, make_key: MakeKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RegistryError, match="no such key"):
        sign(DATA, tmp_path / "nobody")
    ada = make_key("ada")
    with pytest.raises(RegistryError, match="no such file of allowed signers"):
        verify_signature(DATA, sign(DATA, ada), tmp_path / "nobody")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RegistryError, match="ssh-keygen, and it is not there"):
        sign(DATA, ada)


def test_what_is_no_key_signs_nothing(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("my key is under the mat\n")
    with pytest.raises(RegistryError, match="could not be signed"):
        sign(DATA, tmp_path / "notes.txt")


def test_a_passphrase_that_cannot_be_asked_for_is_told(
    make_key: MakeKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    monkeypatch.setenv("SSH_ASKPASS", "/bin/false")
    with pytest.raises(RegistryError, match="could not be signed"):
        sign(DATA, make_key("ada", passphrase="correct horse"))
