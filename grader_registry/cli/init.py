"""`rft registry init`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from grader_registry.cli.out import Out, plain_errors
from grader_registry.errors import RegistryError
from grader_registry.project.settings import SETTINGS_FILE
from grader_registry.stores.folder import FolderStore
from grader_registry.stores.opening import open_store

_TEXT = """\
[registry]
stores = [
{stores}]
# vendor = "rft_specs"           # where the documents are written
# allow_code = false             # whether shared specs may name functions
# allow_hosts = []               # addresses that judges of shared specs may ask
# allowed_signers = "signers"    # if set, what is added has to be signed by one of them
"""


def init_command(folder: Path, stores: Sequence[str]) -> None:
    """Make stores that are not there, and the settings that name them. Raises `UsageError`."""
    out = Out()
    path = folder / SETTINGS_FILE
    with plain_errors():
        if path.exists():
            raise RegistryError(
                "is there already", where=str(path), hint="Add stores to it by hand: `stores`."
            )
        for address in stores:
            open_store(address, folder)  # before anything is made
        made = [address for address in stores if _make(address, folder)]
        _write_new(path, _TEXT.format(stores="".join(map(_line, stores))))
    for address in made:
        out.line(f"made an empty store: {address}")
    out.line(f"wrote {path.name}. Next, one of:")
    out.line("  rft registry search              # see what there is")
    out.line("  rft registry add TEAM/NAME       # use a spec")
    out.line("  rft registry publish spec.yaml   # share one")


def _line(address: str) -> str:
    return f"    {json.dumps(address, ensure_ascii=False)},\n"


def _make(address: str, folder: Path) -> bool:
    """Make a store in a folder if it is not there; return whether it was made."""
    store = open_store(address, folder)
    if not isinstance(store, FolderStore):
        return False
    there = store.path.is_dir()
    FolderStore.create(store.path, address)
    return not there


def _write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet. Raises `RegistryError`."""
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise RegistryError(error.strerror or str(error), where=str(path)) from None
